// Reports: what is shown is the CSV that can be downloaded, so the two cannot differ.

import { h, link, figure, table, problem, words } from './dom.js';
import { path, ask, read } from './api.js';

const known = {
	'trial-balance': ['Trial balance', ['as_of']],
	'liability-rollforward': ['Liability', ['from', 'to', 'by']],
	'expiry-aging': ['Expiry', ['as_of']],
	receivables: ['Receivables', ['as_of']],
	'shop-settlement': ['Settlement', ['from', 'to', 'shop']],
	breakage: ['Breakage', ['as_of']],
	'deferred-revenue': ['Revenue', ['from', 'to']],
	'cash-fallbacks': ['Cash', ['from', 'to']],
	interventions: ['Interventions', ['from', 'to']],
};
const labels = { as_of: 'As of the end of', from: 'From', to: 'To', by: 'By', shop: 'Shop' };
const breaksPath = '/v1/{program}/reconciliation/breaks';

let served; // paths of this server's API

export async function reports({ program, rest }) {
	served ||= Object.keys((await read('/openapi.json')).paths);
	const names = Object.keys(known).filter((n) => served.includes('/v1/{program}/reports/' + n));
	const breaks = served.includes(breaksPath);
	const name = names.includes(rest[0]) || (breaks && rest[0] === 'breaks') ? rest[0] : names[0];
	const box = h('div', { 'aria-live': 'polite' });
	const tabs = [...names.map((n) => [n, known[n][0]]), ...(breaks ? [['breaks', 'Reconciliation']] : [])];
	return [
		h('div.head', h('h1', 'Reports')),
		h('nav.tabs', { 'aria-label': 'Reports' }, tabs.map(([n, label]) => h('a', { href: link(program.program, 'reports', n), 'aria-current': n === name && 'page' }, label))),
		name === 'breaks' ? await reconciliation(program) : await report(program, name, box),
		box,
	];
}

async function report(program, name, box) {
	const inputs = known[name][1].map((f) => [f, f === 'by' ? h('select', ['', 'shop', 'month', 'kind'].map((o) => h('option', { value: o }, o || 'movement')))
		: h('input', { type: f === 'shop' ? 'text' : 'date', name: f })]);
	const save = h('button', { type: 'button', id: 'download', disabled: true }, 'Download CSV');
	let csv = '', title = '';
	const fill = async () => {
		const query = Object.fromEntries(inputs.map(([f, i]) => [f, i.value]));
		save.disabled = true;
		try {
			const answer = await ask('GET', path(program.program, 'reports', name), { query, accept: 'text/csv' });
			csv = await answer.text();
			title = [program.program, name, ...Object.values(query).filter(Boolean)].join('-').replaceAll(/[^\w.-]+/g, '_') + '.csv';
			box.replaceChildren(h('div.card', sheet(parse(csv), answer.headers.get('Chobo-Control-Totals'), program, known[name][0])),
				h('p.small.faint', 'Debits are positive, credits negative where accounts are shown. Money is in minor units of ', program.currency, ', as in the file.'));
			save.disabled = false;
		} catch (e) {
			box.replaceChildren(problem(e));
		}
	};
	save.addEventListener('click', () => {
		const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }));
		h('a', { href: url, download: title }).click();
		setTimeout(() => URL.revokeObjectURL(url), 10000);
	});
	await fill();
	return h('form.bar', { onsubmit: (e) => { e.preventDefault(); fill(); } },
		inputs.map(([f, i]) => h('label.field', h('span', labels[f]), i)), h('button.main', { type: 'submit' }, 'Show'), save);
}

// parse reads CSV as RFC 4180 has it.
export function parse(text) {
	const rows = [];
	let row = [], cell = '', quoted = false;
	for (let i = 0; i < text.length; i++) {
		const c = text[i];
		if (quoted) {
			if (c !== '"') cell += c;
			else if (text[i + 1] === '"') cell += text[++i];
			else quoted = false;
		} else if (c === '"') quoted = true;
		else if (c === ',') row.push(cell), cell = '';
		else if (c === '\n') row.push(cell), rows.push(row), row = [], cell = '';
		else if (c !== '\r') cell += c;
	}
	if (cell || row.length) row.push(cell), rows.push(row);
	return rows;
}

// sheet shows parsed CSV. The sums are those that the server counted.
function sheet([head = [], ...rows], control, program, label) {
	const whole = /^-?\d+$/;
	const numeric = head.map((name, i) => !/(_id|month|period|day)$/.test(name) && rows.some((r) => whole.test(r[i])) && rows.every((r) => r[i] === '' || whole.test(r[i])));
	const member = head.indexOf('member_id'), order = head.indexOf('order_id');
	const plain = (text) => text.replace(/^'(?=[=+\-@\t\r])/, ''); // spreadsheets are kept from reading a formula
	const columns = head.map((name, i) => ({ name: words(name), kind: numeric[i] ? 'n' : i === member || i === order ? 'id' : undefined, cell: (r) => {
		if (numeric[i]) return r[i] === '0' ? h('span.faint', '0') : figure(r[i]);
		if (i === member && r[i]) return h('a', { href: link(program.program, 'members', plain(r[i])) }, plain(r[i]));
		if (i === order && member >= 0 && r[i]) return h('a', { href: link(program.program, 'members', plain(r[member]), 'orders', plain(r[i])) }, plain(r[i]));
		return plain(r[i] ?? '');
	} }));
	const totals = Object.fromEntries((control || '').split('; ').filter(Boolean).map((t) => t.split('=')));
	const foot = control && head.map((name, i) => (name in totals ? (whole.test(totals[name]) ? figure(totals[name]) : totals[name]) : i === 0 ? 'Total' : ''));
	return table(columns, rows, { label, foot: foot || undefined, empty: 'Nothing to report.' });
}

// reconciliation lists the differences that the last reconciliation found, as the API names them.
async function reconciliation(program) {
	const answer = await read(path(program.program, 'reconciliation', 'breaks'), { limit: 500 });
	const rows = Object.values(answer).find(Array.isArray) || [];
	const names = [...new Set(rows.flatMap((r) => Object.keys(r)))];
	return h('div.card', table(names.map((n) => ({ name: words(n), cell: (r) => {
		const v = r[n];
		return typeof v === 'number' ? figure(v) : v && typeof v === 'object' ? JSON.stringify(v) : String(v ?? '');
	} })), rows, { label: 'Breaks', empty: 'The books agree.' }));
}
