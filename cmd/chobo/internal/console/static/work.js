// Work lists: what waits for a person.

import { h, link, money, when, words, badge, pages } from './dom.js';
import { path, read } from './api.js';
import { act, decision } from './act.js';

const states = ['review', 'approved', 'settled', 'denied', 'rejected'];

export async function work({ program, rest, again }) {
	const [list = 'reviews', state = 'approved'] = rest;
	const own = (...more) => link(program.program, 'work', ...more);
	const lists = { reviews: 'Reviews', returns: 'Returns', refunds: 'Refunds to pay' };
	const name = lists[list] ? list : 'reviews';
	return [
		h('div.head', h('h1', 'Work lists')),
		h('nav.tabs', { 'aria-label': 'Lists' }, Object.entries(lists).map(([n, label]) => h('a', { href: own(n), 'aria-current': n === name && 'page' }, label))),
		await { reviews, returns, refunds }[name]({ program, state, own, again }),
	];
}

const memberCell = (program) => ({ name: 'Member', kind: 'id', cell: (r) => h('a', { href: link(program.program, 'members', r.member_id) }, r.member_id) });
const orderCell = (program) => ({ name: 'Order', kind: 'id', cell: (r) => [
	h('a', { href: link(program.program, 'members', r.member_id, 'orders', r.order_id) }, r.order_id), r.return_id && h('div.small.faint', r.return_id)] });
const reasonCell = { name: 'Reason', cell: (r) => words(r.reason) };
const askedCell = { name: 'Asked', cell: (r) => when(r.requested_at) };

function reviews({ program, again }) {
	const resolve = (r, outcome) => act({
		title: (outcome === 'accept' ? 'Accept the ' : 'Reject the ') + r.what + ' of ' + r.order_id,
		explain: r.decision.explanation, button: outcome === 'accept' ? 'Accept' : 'Reject', risky: outcome === 'reject', currency: program.currency, done: again,
		fields: [{ name: 'note', label: 'Note', kind: 'long', optional: true, hint: 'stays with the decision' }],
		url: r.what === 'return'
			? path(program.program, 'members', r.member_id, 'orders', r.order_id, 'returns', r.return_id, 'resolve')
			: path(program.program, 'members', r.member_id, 'orders', r.order_id, 'cancel', 'resolve'),
		body: (v) => ({ outcome, note: v.note }),
	});
	return pages([
		askedCell, { name: 'What', cell: (r) => words(r.what) }, memberCell(program), orderCell(program), reasonCell,
		{ name: 'Why a person decides', kind: 'words', cell: (r) => [r.decision.explanation, r.decision.clause && h('span.faint.small', ' ', r.decision.clause),
			r.decision.if_accepted && h('div.small.faint', 'If accepted: ', words(r.decision.if_accepted.remedy), r.decision.if_accepted.requires?.length > 0 && [', once ', r.decision.if_accepted.requires.map(words).join(' and '), ' are there'])] },
		{ name: '', kind: 'do', cell: (r) => [h('button.slim', { type: 'button', onclick: () => resolve(r, 'accept') }, 'Accept…'), h('button.slim.risky', { type: 'button', onclick: () => resolve(r, 'reject') }, 'Reject…')] },
	], async (cursor) => {
		const a = await read(path(program.program, 'reviews'), { cursor, limit: 25 });
		return { rows: a.reviews, next: a.next_cursor };
	}, { label: 'Reviews', empty: 'Nothing waits for a decision.' });
}

async function returns({ program, state, own }) {
	return [
		h('div.bar', states.map((s) => h('a.button', { href: own('returns', s), 'aria-current': s === state && 'true' }, words(s)))),
		await pages([
			askedCell, memberCell(program), orderCell(program), reasonCell, { name: 'State', cell: (r) => badge(r.state) },
			{ name: 'Decision', kind: 'words', cell: (r) => decision(r.decision) },
		], async (cursor) => {
			const a = await read(path(program.program, 'returns'), { state, cursor, limit: 25 });
			return { rows: a.returns, next: a.next_cursor };
		}, { label: 'Returns', empty: 'No return is ' + words(state) + '.' }),
	];
}

function refunds({ program }) {
	const most = 50;
	return pages([
		{ name: 'Since', cell: (r) => when(r.occurred_at) }, memberCell(program), orderCell(program), { name: 'Cause', cell: (r) => words(r.cause) },
		{ name: 'Money', kind: 'n', cell: (r) => money(r.money, program.currency) },
		{ name: 'For points', kind: 'n', cell: (r) => (r.cash_fallback ? money(r.cash_fallback, program.currency) : '') },
		{ name: 'Paid by', cell: (r) => r.paid_by },
		{ name: 'Refund', cell: (r) => h('code', r.refund_id) },
	], async (after) => {
		const a = await read(path(program.program, 'refunds'), { after, limit: most });
		return { rows: a.refunds, next: a.refunds.length === most ? a.next_cursor : '' };
	}, { label: 'Refunds to pay', empty: 'No money to pay back.' });
}
