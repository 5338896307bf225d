// Programs: what each gives and takes, and the clock of a sandbox.

import { h, link, when, table, badge, problem, tree } from './dom.js';
import { path, post } from './api.js';

export async function programs({ program, programs: all, reload }) {
	const list = table([
		{ name: 'Program', kind: 'id', cell: (p) => h('a', { href: link(p.program, 'programs'), 'aria-current': p === program && 'true' }, p.name || p.program) },
		{ name: 'Code', cell: (p) => h('code', p.program) },
		{ name: 'Version', kind: 'n', cell: (p) => p.version },
		{ name: 'Currency', cell: (p) => p.currency },
		{ name: 'Earns', kind: 'n', cell: (p) => p.earn?.rate ?? '' },
		{ name: 'Since', cell: (p) => when(p.effective_from) },
		{ name: '', cell: (p) => (p.sandbox ? badge('sandbox') : '') },
	], all, { label: 'Programs' });
	const { earn, redeem, expiry, restore, reprice, clawback, sweep, abuse, returns_policy, point_value, timezone, ...rest } = program;
	const rules = { timezone, point_value, returns_policy, earn, redeem, expiry, restore, reprice, clawback, sweep, abuse };
	return [
		h('div.head', h('h1', 'Programs')),
		h('div.card', list),
		program.sandbox && clock(program, reload),
		h('h2', 'Rules of ' + (rest.name || rest.program)),
		tree(Object.fromEntries(Object.entries(rules).filter(([, v]) => v !== undefined)), '.card'),
	];
}

// clock moves the sandbox's clock. Its time and offset are taken as the API wrote them.
function clock(program, reload) {
	const [, now, offset] = /^(.{16}).*?(Z|[+-]\d\d:\d\d)$/.exec(program.now) || [null, '', 'Z'];
	const input = h('input', { type: 'datetime-local', value: now, min: now, id: 'clock', required: true });
	const said = h('div');
	const move = async (to) => {
		said.replaceChildren();
		try {
			await post(path(program.program, 'clock'), { now: to.slice(0, 16) + ':00' + offset });
			await reload();
		} catch (e) {
			said.replaceChildren(problem(e));
		}
	};
	const later = (days, months = 0) => {
		const d = new Date(now + ':00Z');
		d.setUTCMonth(d.getUTCMonth() + months, d.getUTCDate() + days);
		return d.toISOString();
	};
	return [
		h('h2', 'Sandbox clock'),
		h('p.faint', 'It stands still until you move it, and only goes forward. Jobs run when you run them; balances are right without.'),
		h('form.bar', { onsubmit: (e) => { e.preventDefault(); move(input.value); } },
			h('label.field', h('span', 'Now, ' + offset), input), h('button.main', { type: 'submit' }, 'Move'),
			h('button', { type: 'button', onclick: () => move(later(1)) }, '+ 1 day'),
			h('button', { type: 'button', onclick: () => move(later(30)) }, '+ 30 days'),
			h('button', { type: 'button', onclick: () => move(later(0, 12)) }, '+ 1 year')),
		said,
	];
}
