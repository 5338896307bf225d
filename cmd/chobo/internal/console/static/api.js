// The HTTP API, asked with the operator's key. The key lives in sessionStorage: it goes when the tab is closed, and is
// never part of an address.

const slot = 'chobo.key';

export const key = () => sessionStorage.getItem(slot) || '';
export const keep = (k) => sessionStorage.setItem(slot, k);
export const forget = () => sessionStorage.removeItem(slot);

// operator is the name that goes into the journal beside what is done by hand.
export const operator = {
	get name() { return sessionStorage.getItem('chobo.operator') || ''; },
	set name(n) { sessionStorage.setItem('chobo.operator', n); },
};

// A Problem is an answer that is no success, as problem+json tells it.
export class Problem extends Error {
	constructor(p) {
		super(p.detail || p.title);
		Object.assign(this, { title: p.title, detail: p.detail, code: p.code, status: p.status, errors: p.errors, request_id: p.request_id });
	}
}

// path is the path of a call: path('play', 'members', 'M-1').
export const path = (...parts) => '/v1/' + parts.map(encodeURIComponent).join('/');

// ask calls the API and answers the Response, or throws a Problem.
export async function ask(method, url, { query, body, once, accept = 'application/json' } = {}) {
	const search = new URLSearchParams(Object.entries(query || {}).filter(([, v]) => v !== '' && v !== undefined && v !== null)).toString();
	const headers = { Authorization: 'Bearer ' + key(), Accept: accept };
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	if (once) headers['Idempotency-Key'] = once;
	let answer;
	try {
		answer = await fetch(url + (search && '?' + search), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', credentials: 'omit' });
	} catch {
		throw new Problem({ title: 'The server does not answer', detail: once ? 'What you asked for may have been posted. Press the button again: it is posted once only.' : 'Is it running, and can you reach it?', code: 'no_answer' });
	}
	if (answer.ok) return answer;
	let told = {};
	try {
		told = await answer.json();
	} catch { /* not of Chobo: a proxy's page */ }
	const p = new Problem({ title: 'The server refused', detail: 'It answered ' + answer.status + '.', code: 'http_' + answer.status, status: answer.status, ...told });
	if (p.status === 401) window.dispatchEvent(new CustomEvent('locked', { detail: p }));
	throw p;
}

export const read = async (url, query) => (await ask('GET', url, { query })).json();
export const post = async (url, body, once, query) => (await ask('POST', url, { body, once, query })).json();

// newOnce is an idempotency key. randomUUID is only there on https.
export function newOnce() {
	return 'console-' + Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
