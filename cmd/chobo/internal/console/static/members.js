// A member: balances, statement, lots, orders; an order with all that became of it.

import { h, link, figure, signed, money, when, words, badge, table, pages, facts, problem } from './dom.js';
import { path, read } from './api.js';
import { act, decision } from './act.js';

export async function members({ program, rest, again }) {
	const [member, tab = 'statement', order] = rest;
	if (!member) return search(program);
	if (tab === 'orders' && order) return orderPage(program, member, order, again);
	return memberPage(program, member, tab, again);
}

function search(program) {
	const input = h('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', 'data-first': true, 'aria-label': 'Member id' });
	return [
		h('div.head', h('h1', 'Members')),
		h('p.faint', 'A member is found by the id that your shop uses. Press / anywhere to search.'),
		h('form.bar', { role: 'search', onsubmit: (e) => {
			e.preventDefault();
			if (input.value.trim()) location.hash = link(program.program, 'members', input.value.trim());
		} }, h('label.field', h('span', 'Member id'), input), h('button.main', { type: 'submit' }, 'Find')),
	];
}

async function memberPage(program, member, tab, again) {
	const at = (...more) => path(program.program, 'members', member, ...more);
	const own = (...more) => link(program.program, 'members', member, ...more);
	const load = tabs[tab] ? tab : 'statement';
	const [m, content] = await Promise.all([read(at()), tabs[load][1]({ program, at, own })]);
	const reason = { name: 'reason', label: 'Reason', kind: 'long' };
	const change = (verb, title, explain, risky) => h('button' + (risky ? '.risky' : ''), { type: 'button', id: 'do-' + verb, onclick: () => act({
		title: title + ' ' + member, explain, fields: [reason], url: at(verb), body: (v) => ({ reason: v.reason }), button: title, risky, currency: program.currency, done: again,
	}) }, title + '…');
	const closed = m.status === 'closed';
	return [
		h('div.head', h('h1', member), badge(m.status), h('div.actions',
			!closed && h('button', { type: 'button', id: 'do-adjust', onclick: () => act({
				title: 'Adjust ' + member, explain: 'Adds points, or takes them with a minus, from the lots that expire first.',
				fields: [{ name: 'points', label: 'Points', kind: 'number', sign: true, hint: 'such as 500 or -500' }, reason],
				url: at('adjustments'), body: (v) => ({ points: v.points, reason: v.reason }), currency: program.currency, done: again,
			}) }, 'Adjust…'),
			m.status === 'active' && change('suspend', 'Suspend', 'A suspended member keeps all points, but neither earns nor uses any.'),
			m.status === 'suspended' && change('reinstate', 'Reinstate', 'The member earns and uses points again.'),
			!closed && change('close', 'Close', 'All points are forfeited. A closed membership is never opened again.', true))),
		h('dl.figures',
			big('Available', m.points.available), big('Pending', m.points.pending), big('Reserved', m.points.reserved),
			big('Owes', m.receivable.points, m.receivable.money ? money(m.receivable.money, program.currency) : '')),
		m.expiring.length > 0 && h('ul.expiring.card', { 'aria-label': 'Expiring points' }, h('li.faint', 'Expiring'),
			m.expiring.slice(0, 8).map((e) => h('li', figure(e.points), h('span.faint', ' on '), when(e.expires_at))),
			m.expiring.length > 8 && h('li.faint', 'and later')),
		m.last_qualifying_at && h('p.small.faint', 'Last bought or used points ', when(m.last_qualifying_at)),
		h('nav.tabs', { 'aria-label': 'Of this member' }, Object.entries(tabs).map(([name, [label]]) =>
			h('a', { href: own(name), 'aria-current': name === load && 'page' }, label))),
		content,
	];
}

const big = (name, n, small) => h('div.figure.card' + (n ? '' : '.quiet'), { id: 'figure-' + name.toLowerCase() }, h('dt', name), h('dd', figure(n), small && h('small', small)));

const tabs = {
	statement: ['Statement', async ({ at, own }) => {
		const box = h('div');
		const fill = async (account) => box.replaceChildren(await pages([
			{ name: 'When', cell: (e) => when(e.occurred_at) },
			{ name: 'What', kind: 'words', cell: (e) => [e.description, !e.transaction_id && [' ', badge('due, not posted yet')], e.actor && h('div.small.faint', 'by ', e.actor)] },
			{ name: 'Kind', cell: (e) => h('span.faint', words(e.kind)) },
			{ name: 'Order', kind: 'id', cell: (e) => (e.order_id ? h('a', { href: own('orders', e.order_id) }, e.order_id) : '') },
			{ name: 'Lot', kind: 'n', cell: (e) => e.lot_id || '' },
			{ name: 'Points', kind: 'n', cell: (e) => signed(e.points) },
			{ name: 'Balance', kind: 'n', cell: (e) => figure(e.balance_after) },
		], async (cursor) => {
			const a = await read(at('entries'), { account, cursor, limit: 25 });
			return { rows: a.entries, next: a.next_cursor };
		}, { label: 'Statement', more: 'Show earlier', empty: 'No entries on this account.' }));
		await fill('available');
		return [h('div.bar', h('label.field', h('span', 'Account'), h('select', { onchange: (e) => fill(e.target.value).catch((err) => box.replaceChildren(problem(err))) },
			['available', 'pending', 'reserved', 'debt'].map((a) => h('option', { value: a }, a))))), box];
	}],
	lots: ['Lots', ({ at, own }) => pages([
		{ name: 'Lot', kind: 'n', cell: (l) => l.lot_id },
		{ name: 'State', cell: (l) => badge(l.state) },
		{ name: 'Granted', kind: 'n', cell: (l) => figure(l.granted) },
		{ name: 'Remaining', kind: 'n', cell: (l) => figure(l.remaining + l.pending + l.reserved) },
		{ name: 'Since', cell: (l) => when(l.granted_at) },
		{ name: 'Matures', cell: (l) => when(l.matures_at) },
		{ name: 'Expires', cell: (l) => when(l.expires_at) || h('span.faint', '–') },
		{ name: 'Order', kind: 'id', cell: (l) => (l.order_id ? h('a', { href: own('orders', l.order_id) }, l.order_id) : '') },
		{ name: 'Where it went', cell: (l) => (l.went || []).map((w) => h('div.small.nowrap', figure(w.points), ' ', words(w.kind), w.order_id && [', ', w.order_id])) },
	], async (cursor) => {
		const a = await read(at('lots'), { cursor, limit: 25 });
		return { rows: a.lots, next: a.next_cursor };
	}, { label: 'Lots', empty: 'No points were ever granted.' })],
	orders: ['Orders', ({ program, at, own }) => pages([
		{ name: 'Order', kind: 'id', cell: (o) => h('a', { href: own('orders', o.order_id) }, o.order_id) },
		{ name: 'Status', cell: (o) => badge(o.status) },
		{ name: 'Ordered', cell: (o) => when(o.ordered_at) },
		{ name: 'Shop', kind: 'id', cell: (o) => o.shop_id },
		{ name: 'Total', kind: 'n', cell: (o) => money(o.total, program.currency) },
		{ name: 'Points', kind: 'n', cell: (o) => figure(o.tenders.points) },
		{ name: 'Money', kind: 'n', cell: (o) => money(o.tenders.money, program.currency) },
		{ name: 'Paid back', kind: 'n', cell: (o) => paidBack(o.refunded, program.currency) },
	], async (cursor) => {
		const a = await read(at('orders'), { cursor, limit: 25 });
		return { rows: a.orders, next: a.next_cursor };
	}, { label: 'Orders', empty: 'No orders.' })],
};

// paidBack is what went back to the member, in points and in money.
export function paidBack(r, currency) {
	if (!r) return '';
	const parts = [r.points && figure(r.points) + ' pt', r.money + r.cash_fallback && money(r.money + r.cash_fallback, currency)].filter(Boolean);
	return parts.length ? parts.join(' + ') : '';
}

async function orderPage(program, member, id, again) {
	const at = (...more) => path(program.program, 'members', member, ...more);
	const yen = (n) => money(n, program.currency);
	const o = await read(at('orders', id));
	const returns = await Promise.all((o.returns || []).map((r) => read(at('orders', id, 'returns', r))));
	const done = again, currency = program.currency;
	const extras = [['shipping', o.shipping], ...Object.entries(o.fees || {})].filter(([, n]) => n);
	return [
		h('div.crumbs', h('a', { href: link(program.program, 'members', member) }, member), ' / ', h('a', { href: link(program.program, 'members', member, 'orders') }, 'orders')),
		h('div.head', h('h1', id), badge(o.status), h('div.actions',
			o.status !== 'cancelled' && h('button.risky', { type: 'button', id: 'do-cancel', onclick: () => act({
				title: 'Cancel ' + id, explain: 'The policy in force when the order was placed decides.', risky: true, button: 'Cancel the order', currency, done,
				fields: [{ name: 'reason', label: 'Reason', value: 'changed_mind' }, { name: 'by', label: 'Who wants it', kind: ['member', 'shop', 'operator'] }],
				url: at('orders', id, 'cancel'), body: (v) => ({ reason: v.reason, initiated_by: v.by }),
			}) }, 'Cancel…'))),
		facts([['Shop', o.shop_id], ['Ordered', when(o.ordered_at)], ['Total', yen(o.total)],
			['Paid with', [figure(o.tenders.points), ' points and ', yen(o.tenders.money), o.paid ? '' : h('span.faint', ' (payment not reported)')]],
			['Paid back', paidBack(o.refunded, currency)], ['Earned', earned(o.earned)]]),
		h('h2', 'Lines'),
		h('div.card', table([
			{ name: 'Line', kind: 'id', cell: (l) => l.line_id },
			{ name: 'Goods', kind: 'words', cell: (l) => [l.sku, l.category && h('span.faint', ' ' + l.category)] },
			{ name: 'Quantity', kind: 'n', cell: (l) => figure(l.quantity) },
			{ name: 'Returned', kind: 'n', cell: (l) => (l.returned ? figure(l.returned) : '') },
			{ name: 'Unit price', kind: 'n', cell: (l) => (l.unit_price === undefined ? '' : yen(l.unit_price)) },
			{ name: 'Points', kind: 'n', cell: (l) => figure(l.points) },
			{ name: 'Money', kind: 'n', cell: (l) => (l.money === undefined ? '' : yen(l.money)) },
			{ name: 'Earned', kind: 'n', cell: (l) => figure(l.earned) },
		], [...o.lines, ...extras.map(([name, n]) => ({ line_id: words(name), unit_price: n }))], { label: 'Lines' })),
		returns.length > 0 && h('h2', 'Returns'),
		returns.map((r) => oneReturn(r, at, currency, again)),
		o.receivables?.length > 0 && [h('h2', 'Receivables'), h('div.card', table([
			{ name: 'Receivable', kind: 'id', cell: (r) => r.id },
			{ name: 'State', cell: (r) => badge(r.state) },
			{ name: 'Opened', cell: (r) => when(r.opened_at) },
			{ name: 'Original', kind: 'n', cell: (r) => figure(r.original) },
			{ name: 'Open points', kind: 'n', cell: (r) => figure(r.points) },
			{ name: 'Open money', kind: 'n', cell: (r) => yen(r.money) },
			{ name: '', kind: 'do', cell: (r) => r.points > 0 && [
				h('button.slim', { type: 'button', onclick: () => act({ title: 'Payment towards ' + r.id, button: 'Book the payment', currency, done,
					fields: [{ name: 'money', label: 'Money, in minor units', kind: 'number', value: r.money }], url: at('receivables', r.id, 'pay'), body: (v) => ({ money: v.money }) }) }, 'Paid…'),
				h('button.slim.risky', { type: 'button', onclick: () => act({ title: 'Write off ' + r.id, button: 'Write off', risky: true, currency, done,
					fields: [{ name: 'reason', label: 'Reason', kind: 'long' }], url: at('receivables', r.id, 'write_off'), body: (v) => ({ reason: v.reason }) }) }, 'Write off…')] },
		], o.receivables, { label: 'Receivables' }))],
		h('h2', 'History'), history(o.history),
	];
}

function earned(e) {
	const parts = [e.pending && figure(e.pending) + ' pending', e.granted && figure(e.granted) + ' granted', e.reversed && figure(e.reversed) + ' taken back'].filter(Boolean);
	return parts.join(', ') || 'nothing';
}

const history = (list) => h('div.card', table([
	{ name: 'When', cell: (e) => when(e.at) }, { name: 'What', cell: (e) => words(e.what) }, { name: 'Note', kind: 'words', cell: (e) => e.note || '' },
], list || [], { label: 'History' }));

const inspections = ['confirmed', 'no_fault_found', 'customer_fault', 'photo_mismatch', 'not_required'];

function oneReturn(r, at, currency, again) {
	const q = r.quote, awaited = r.state === 'approved';
	const line = (l) => h('div', h('span.faint', l.quantity, ' of line '), l.line_id, ' ', badge(l.state), h('div', decision(l)),
		(l.earlier || []).map((e) => h('div.small.faint', when(e.at), ' ', words(e.decision.outcome), ': ', e.decision.explanation, ' ', e.decision.clause)));
	return h('section', h('div.head', h('h3', r.return_id), badge(r.state), awaited && h('div.actions', h('button.slim', { type: 'button', onclick: () => act({
		title: 'Goods of ' + r.return_id + ' came back', explain: 'The policy decides again with what the inspection showed, and settles or denies.', button: 'Receive', currency, done: again, nameless: true,
		fields: [{ name: 'inspection', label: 'Inspection', kind: inspections }], url: at('orders', r.order_id, 'returns', r.return_id, 'receive'), body: (v) => v,
	}) }, 'Receive…'))),
	facts([['Asked', when(r.requested_at)], ['Reason', words(r.reason)], ['Decision', r.decisions?.length ? r.decisions.map(line) : decision(r.decision)],
		[awaited ? 'Would pay back' : '', awaited ? paidBack(q, currency) : ''], ['Paid back', paidBack(r.refund, currency)],
		['Withheld', r.withheld ? money(r.withheld, currency) : ''],
		['History', (r.history || []).map((e) => h('div', when(e.at), ' ', words(e.what), e.note && h('span.faint', ' ', e.note)))]]));
}
