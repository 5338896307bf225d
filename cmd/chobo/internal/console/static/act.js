// What an operator does is shown as a journal first, and posted after: a dry run, T-accounts, a second button.

import { h, figure, problem, notice, words, badge, money } from './dom.js';
import { post, newOnce, operator } from './api.js';

// act opens the dialog for something to be done.
//
// fields are { name, label, kind: 'text', 'number', 'long' or a list of options, value, hint, optional }; url is asked
// with body(values), first as a dry run. Once it is posted and the dialog
// closed, done is called. nameless: the call takes no actor.
export function act({ title, explain, fields, url, body, button = 'Post', risky = false, nameless = false, currency, done }) {
	const inputs = new Map();
	const preview = h('div', { 'aria-live': 'polite' });
	const look = h('button.main', { type: 'submit' }, 'Preview');
	const go = h('button.main' + (risky ? '.risky' : ''), { type: 'button', hidden: true }, button);
	const cancel = h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel');
	let once, request, posted = false;

	const changed = () => {
		request = undefined;
		go.hidden = true;
		look.hidden = false;
		preview.replaceChildren();
	};
	const withActor = nameless ? fields : [...fields, { name: 'actor', label: 'Done by', value: operator.name, hint: 'goes into the journal' }];
	const form = h('form', { novalidate: true, onsubmit: (e) => { e.preventDefault(); show(); }, oninput: changed },
		h('h2', { id: 'act-title' }, title), explain && h('p.faint', explain),
		h('div.fields', withActor.map((f) => field(f, inputs))), preview, h('div.buttons', cancel, look, go));
	const dialog = h('dialog', { 'aria-labelledby': 'act-title', onclose: () => { dialog.remove(); if (posted) done(); } }, form);

	async function busy(button, work) {
		button.disabled = cancel.disabled = true;
		try {
			await work();
		} catch (e) {
			preview.querySelector('.notice.bad')?.remove();
			preview.append(problem(e));
		}
		button.disabled = cancel.disabled = false;
	}

	function show() {
		if (posted || request) return;
		preview.replaceChildren();
		const values = Object.fromEntries(withActor.map((f) => [f.name, valueOf(f, inputs.get(f.name))]));
		const wanted = body(values);
		if (!nameless) operator.name = wanted.actor = values.actor;
		busy(look, async () => {
			const answer = await post(url, wanted, undefined, { dry_run: true });
			request = wanted;
			once = newOnce(); // one for each thing to be done, kept while it is tried again
			preview.replaceChildren(drawing(answer, currency));
			look.hidden = true;
			go.hidden = false;
			go.focus();
		});
	}

	go.addEventListener('click', () => busy(go, async () => {
		const answer = await post(url, request, once);
		posted = true;
		form.querySelectorAll('input, select, textarea').forEach((i) => { i.disabled = true; });
		go.hidden = true;
		cancel.textContent = 'Close';
		const ids = (answer.transactions || []).map((t) => t.id);
		preview.replaceChildren(drawing(answer, currency), notice('good', h('strong', ids.length ? 'Posted' : 'Done'), ids.length > 0 && 'Transaction ' + ids.join(', ')));
		cancel.focus();
	}));

	document.body.append(dialog);
	dialog.showModal();
	(inputs.values().next().value).focus();
}

function field(f, inputs) {
	let input;
	if (Array.isArray(f.kind)) input = h('select', f.kind.map((o) => h('option', { value: o, selected: o === f.value }, words(o) || '–')));
	else if (f.kind === 'long') input = h('textarea', { maxlength: 1000 }, f.value || '');
	else input = h('input', { type: 'text', inputmode: f.kind === 'number' && !f.sign ? 'numeric' : null, value: f.value ?? '', autocomplete: 'off' });
	input.name = f.name;
	inputs.set(f.name, input);
	return h('label.field' + (f.kind === 'long' ? '.wide' : ''), h('span', f.label), input, f.hint && h('small', f.hint));
}

// valueOf is what was typed. A figure that is none is sent as it is: the API says what is wrong with it.
function valueOf(f, input) {
	const text = input.value.trim();
	if (f.optional && text === '') return undefined;
	if (f.kind !== 'number') return text;
	const plain = text.replaceAll(/[,_\s]/g, '').replace(/^−/, '-').replace(/^\+/, '');
	return /^-?\d+$/.test(plain) && Number.isSafeInteger(Number(plain)) ? Number(plain) : text;
}

// drawing shows what an answer decides and posts.
function drawing(answer, currency) {
	const parts = [];
	if (answer.decision) parts.push(decision(answer.decision));
	const r = answer.refund;
	if (r && (r.points || r.money || r.cash_fallback)) {
		parts.push(h('div', 'Pays back ', figure(r.points), ' points and ', money(r.money, currency), r.cash_fallback ? [', and ', money(r.cash_fallback, currency), ' in place of points'] : null, '.'));
	}
	const e = answer.earned;
	if (e && (e.pending_voided || e.reversed || e.shortfall)) {
		parts.push(h('div', 'Takes back ', figure(e.pending_voided + e.reversed + e.shortfall), ' earned points', e.shortfall ? [', of which ', figure(e.shortfall), ' are no longer there'] : null, '.'));
	}
	const b = answer.balances || answer.points;
	if (b && typeof b === 'object') parts.push(h('div', 'Afterwards: ', figure(b.available), ' available, ', figure(b.pending), ' pending, ', figure(b.reserved), ' reserved.'));
	if (answer.journal) {
		const lines = answer.journal.flatMap((t) => t.lines.map((l) => ({ ...l, kind: t.kind })));
		if (!lines.length) parts.push(h('div.faint', 'No points move.'));
		else {
			parts.push(accounts(lines, 'points'));
			if (lines.some((l) => l.points !== l.money)) parts.push(h('h4', 'In ' + (currency || 'money')), accounts(lines, 'money'));
		}
	}
	return h('div.drawing', h('h3', answer.dry_run ? 'What will be posted' : 'What was posted'), parts);
}

// decision says what a policy decided, and why.
export function decision(d) {
	if (!d || !d.outcome) return '';
	return h('div', badge(d.outcome), ' ', d.explanation, d.clause && h('span.faint.small', ' ', h('span.nowrap', d.clause)), d.refer_to && h('span.faint', ' Refer to ', d.refer_to, '.'));
}

// accounts draws T-accounts: debits left, credits right, the sum below.
function accounts(lines, unit) {
	const names = [...new Set(lines.map((l) => l.account))];
	return h('div.taccounts', names.map((name) => {
		const own = lines.filter((l) => l.account === name && l[unit] !== 0);
		const debits = own.filter((l) => l[unit] > 0), credits = own.filter((l) => l[unit] < 0);
		const sum = own.reduce((a, l) => a + l[unit], 0);
		const leg = (l) => l && h('div.leg', h('span', words(l.kind) + (l.lot ? ', lot ' + l.lot : '')), h('span', figure(Math.abs(l[unit]))));
		const total = (show) => show && h('div.leg', h('span'), h('span', figure(Math.abs(sum))));
		return h('div.taccount', h('table', h('caption', name),
			h('thead.unseen', h('tr', h('th', { scope: 'col' }, 'debit'), h('th', { scope: 'col' }, 'credit'))),
			h('tbody', Array.from({ length: Math.max(debits.length, credits.length, 1) }, (_, i) => h('tr', h('td', leg(debits[i])), h('td', leg(credits[i]))))),
			h('tfoot', h('tr', h('td', total(sum >= 0)), h('td', total(sum < 0))))));
	}));
}
