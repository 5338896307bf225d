// Elements and figures. Nothing here, or elsewhere on the page, parses HTML: data becomes text.

// h makes an element: h('td.n', { title: 'x', onclick: f }, 'text', child, [children]). null and false are nothing.
export function h(name, ...rest) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag);
	if (classes.length) node.className = classes.join(' ');
	for (const part of rest) {
		if (part && typeof part === 'object' && !Array.isArray(part) && !(part instanceof Node)) {
			for (const [key, value] of Object.entries(part)) {
				if (value === null || value === undefined || value === false) continue;
				if (typeof value === 'function') node.addEventListener(key.slice(2), value);
				else node.setAttribute(key, value === true ? '' : value);
			}
		} else put(node, part);
	}
	return node;
}

function put(node, part) {
	if (part === null || part === undefined || part === false) return;
	if (Array.isArray(part)) part.forEach((p) => put(node, p));
	else node.append(part instanceof Node ? part : String(part));
}

// link is the address of a page: link('play', 'members', 'M-1').
export const link = (...parts) => '#/' + parts.map(encodeURIComponent).join('/');

const grouped = new Intl.NumberFormat('en-US');

// figure writes a whole number in groups; a minus is a real one.
export const figure = (n) => (n === null || n === undefined || n === '' ? '' : grouped.format(BigInt(n)).replace('-', '−'));

// signed is figure with its sign, coloured.
export const signed = (n) => h(n < 0 ? 'span.minus' : n > 0 ? 'span.plus' : 'span', (n > 0 ? '+' : '') + figure(n));

// money writes minor units in the currency, digit by digit: no floating point.
export function money(n, currency) {
	if (n === null || n === undefined) return '';
	try {
		const format = new Intl.NumberFormat('en-US', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
		const places = format.resolvedOptions().maximumFractionDigits;
		const digits = String(Math.abs(n)).padStart(places + 1, '0');
		const text = places ? digits.slice(0, -places) + '.' + digits.slice(-places) : digits;
		return (n < 0 ? '−' : '') + format.format(text);
	} catch {
		return figure(n) + ' ' + currency;
	}
}

// when shows a time as the API told it: in the program's zone, to the minute; the whole of it on hover.
export function when(text) {
	if (!text) return '';
	const m = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(text);
	return h('time', { datetime: text, title: text }, m ? (m[2] === '00:00' ? m[1] : m[1] + ' ' + m[2]) : text);
}

// words turns a name of the API into words.
export const words = (name) => String(name ?? '').replaceAll('_', ' ');

const moods = {
	active: 'good', available: 'good', settled: 'good', accept: 'good', delivered: 'good',
	suspended: 'warn', review: 'warn', pending: 'warn', approved: 'warn', open: 'warn', requested: 'warn',
	closed: 'bad', rejected: 'bad', reject: 'bad', denied: 'bad', cancelled: 'bad', failed: 'bad',
};

// badge shows a state.
export const badge = (state) => h('span.badge' + (moods[state] ? '.' + moods[state] : ''), words(state));

// table shows rows. A column is { name, cell: (row) => node or text, kind: 'n', 'id', 'words' or 'do' }.
export function table(columns, rows, { empty = 'Nothing here.', foot, label } = {}) {
	const body = h('tbody');
	const box = h('div.table', h('table', label && h('caption.unseen', label),
		h('thead', h('tr', columns.map((c) => h('th' + (c.kind === 'n' ? '.n' : ''), { scope: 'col' }, c.name || h('span.unseen', 'actions'))))),
		body, foot && h('tfoot', h('tr', foot.map((cell, i) => h('td' + (columns[i].kind === 'n' ? '.n' : ''), cell))))));
	const none = h('div.empty', empty);
	box.append(none);
	box.add = (more) => {
		for (const row of more) body.append(h('tr', columns.map((c) => h('td' + (c.kind ? '.' + c.kind : ''), c.cell(row)))));
		box.firstChild.hidden = !body.children.length;
		none.hidden = body.children.length > 0;
	};
	box.add(rows);
	return box;
}

// pages is a table that fetches more when asked. load(cursor) answers { rows, next }.
export async function pages(columns, load, { more = 'Show more', ...options } = {}) {
	const first = await load('');
	const box = table(columns, first.rows, options);
	let next = first.next;
	const trouble = h('div');
	const button = h('button.slim', { type: 'button', onclick: async () => {
		button.disabled = true;
		trouble.replaceChildren();
		try {
			const page = await load(next);
			box.add(page.rows);
			next = page.next;
			row.hidden = !next;
		} catch (e) {
			trouble.replaceChildren(problem(e));
		}
		button.disabled = false;
	} }, more);
	const row = h('div.more', button, trouble);
	row.hidden = !next;
	return h('div.card', box, row);
}

// problem says what went wrong: title, what happened this time, each field, and the code to look up.
export function problem(e) {
	if (!e.code && !e.title) console.error(e);
	return h('div.notice.bad', { role: 'alert' },
		h('strong', e.title || 'The console stumbled'),
		e.detail || e.message,
		e.errors?.length > 0 && h('ul', e.errors.map((f) => h('li', h('code', f.location), ' ', f.message))),
		e.code && h('div.code.small', e.code, e.request_id && ' · request ' + e.request_id));
}

// notice is a message that all readers are told.
export const notice = (mood, ...text) => h('div.notice' + (mood ? '.' + mood : ''), { role: 'status' }, ...text);

// facts lists names and values; objects within it are listed below their name.
export function facts(entries, card = '.card') {
	return h('dl.facts' + card, entries.filter(([, v]) => v !== null && v !== undefined && v !== '').map(([k, v]) => [h('dt', k), h('dd', v)]));
}

// tree lists an object of the API as facts.
export function tree(value, card = '') {
	if (value === null || value === undefined) return '–';
	if (Array.isArray(value)) return value.length ? value.map((v, i) => [i > 0 && (typeof v === 'object' ? h('hr') : ', '), tree(v)]) : '–';
	if (typeof value === 'object') return facts(Object.entries(value).map(([k, v]) => [words(k), tree(v)]), card);
	if (typeof value === 'number') return figure(Number.isInteger(value) ? value : Math.round(value));
	return String(value) || '–';
}
