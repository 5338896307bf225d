// The shell: the door, the frame, and which page is shown. An address is #/PROGRAM/PAGE/…, so the server is told none of it.

import { h, link, problem, when } from './dom.js';
import { read, key, keep, forget, operator } from './api.js';
import { programs } from './programs.js';
import { members } from './members.js';
import { work } from './work.js';
import { jobs } from './jobs.js';
import { reports } from './reports.js';

const pages = [
	['members', 'Members', members],
	['work', 'Work lists', work],
	['jobs', 'Jobs', jobs],
	['reports', 'Reports', reports],
	['programs', 'Programs', programs],
];

let known = []; // the programs that the key opens
let shown = 0; // counts pages, so that a slow one does not cover a later one

function door(trouble) {
	document.title = 'Chobo';
	const secret = h('input', { type: 'password', name: 'key', autocomplete: 'off', required: true, spellcheck: 'false' });
	const name = h('input', { name: 'operator', autocomplete: 'off', value: operator.name, maxlength: 128 });
	const said = h('div', trouble && problem(trouble));
	const enter = h('button.main', { type: 'submit' }, 'Open');
	const form = h('form.card', { onsubmit: async (e) => {
		e.preventDefault();
		enter.disabled = true;
		keep(secret.value.trim());
		operator.name = name.value.trim();
		try {
			await open();
		} catch (e) {
			forget();
			said.replaceChildren(problem(e));
		}
		enter.disabled = false;
	} },
	h('div.brand', h('img', { src: 'mark.svg', alt: '' }), 'Chobo'),
	h('label.field', h('span', 'Key'), secret, h('small', 'Stays in this tab, until you close it.')),
	h('label.field', h('span', 'Your name'), name, h('small', 'Goes into the journal beside what you do by hand.')),
	said, enter);
	document.body.replaceChildren(h('main.door', form));
	secret.focus();
}

// open fetches the programs, which proves the key.
async function open() {
	known = (await read('/v1')).programs;
	show();
}

function parse() {
	const [address] = location.hash.replace(/^#\/?/, '').split('?');
	try {
		return address.split('/').filter(Boolean).map(decodeURIComponent);
	} catch {
		return [];
	}
}

async function show() {
	const turn = ++shown;
	let [code, name, ...rest] = parse();
	const program = known.find((p) => p.program === code) || known.find((p) => p.sandbox) || known[0];
	if (!program) {
		frame(null, 'programs', h('p', 'There is no program that this key opens.'));
		return;
	}
	if (program.program !== code) name = 'members', rest = [];
	const page = pages.find(([n]) => n === name) || pages[0];
	const slow = setTimeout(() => turn === shown && frame(program, page[0], h('p.wait', 'One moment…')), 250);
	let content, failed;
	try {
		content = await page[2]({ program, programs: known, rest, again: () => show(), reload: open });
	} catch (e) {
		failed = true;
		content = [h('h1', page[1]), problem(e)];
	}
	clearTimeout(slow);
	if (turn !== shown || !key()) return;
	frame(program, page[0], content);
	const heading = document.querySelector('main h1');
	document.title = (heading?.textContent || page[1]) + ' · Chobo';
	const wished = !failed && document.querySelector('main [data-first]');
	if (wished) wished.focus();
	else if (heading) {
		heading.tabIndex = -1;
		heading.focus({ preventScroll: true });
	}
	window.scrollTo(0, 0);
}

function frame(program, current, content) {
	const find = h('input', { type: 'search', placeholder: 'Member id', 'aria-label': 'Find a member by id', 'aria-keyshortcuts': '/', autocomplete: 'off', spellcheck: 'false', id: 'find' });
	const side = h('header.side',
		h('a.brand', { href: '#/' }, h('img', { src: 'mark.svg', alt: '' }), 'Chobo'),
		program && [
			h('label', 'Program', h('select', { id: 'program', onchange: (e) => { location.hash = link(e.target.value, current); } },
				known.map((p) => h('option', { value: p.program, selected: p === program }, p.name || p.program)))),
			h('form', { role: 'search', onsubmit: (e) => {
				e.preventDefault();
				if (find.value.trim()) location.hash = link(program.program, 'members', find.value.trim());
			} }, find),
			h('nav', { 'aria-label': 'Pages' }, pages.map(([name, label]) =>
				h('a', { href: link(program.program, name), 'aria-current': name === current && 'page' }, label))),
		],
		h('div.foot',
			program && h('div', program.sandbox ? 'Sandbox clock ' : 'Since ', h('span.nowrap', when(program.now))),
			operator.name && h('div', operator.name),
			h('div', h('a', { href: '/docs' }, 'API guide')),
			h('div', h('button.slim', { type: 'button', id: 'leave', onclick: () => { forget(); location.hash = ''; door(); } }, 'Sign out'))));
	document.body.replaceChildren(
		h('a.skip', { href: '#content', onclick: (e) => { e.preventDefault(); document.querySelector('main h1, main').focus(); } }, 'To the content'),
		h('div.shell', side, h('main', { id: 'content', tabindex: -1 }, content)));
}

window.addEventListener('hashchange', () => { if (key()) show(); });
window.addEventListener('locked', (e) => { forget(); door(e.detail); });
window.addEventListener('keydown', (e) => {
	if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input, select, textarea, dialog')) return;
	const find = document.getElementById('find');
	if (find) {
		e.preventDefault();
		find.select();
	}
});

if (key()) open().catch((e) => door(e));
else door();
