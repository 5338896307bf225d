// Jobs: how they last ended, and one run at once.

import { h, link, figure, when, table, pages, problem, notice, badge } from './dom.js';
import { path, read, post } from './api.js';

export async function jobs({ program, rest, again }) {
	const [job] = rest;
	const said = h('div');
	const list = (await read(path(program.program, 'jobs'))).jobs;
	const run = async (name, button) => {
		button.disabled = true;
		said.replaceChildren();
		try {
			const r = await post(path(program.program, 'jobs', name, 'run'), {});
			await again();
			document.getElementById('said')?.replaceChildren(notice(r.error ? 'bad' : 'good', h('strong', name + (r.error ? ' failed' : ' has run')),
				r.error || figure(r.processed) + ' moved, ' + figure(r.points) + ' points, ' + figure(r.duration_ms) + ' ms'));
		} catch (e) {
			said.replaceChildren(problem(e));
			button.disabled = false;
		}
	};
	said.id = 'said';
	return [
		h('div.head', h('h1', 'Jobs'), program.sandbox && badge('sandbox')),
		said,
		h('div.card', table([
			{ name: 'Job', cell: (j) => h('a', { href: link(program.program, 'jobs', j.job), 'aria-current': j.job === job && 'true' }, j.job) },
			{ name: 'What it does', kind: 'words', cell: (j) => j.about },
			{ name: 'Next', cell: (j) => when(j.next_run) || h('span.faint', 'when asked') },
			{ name: 'Last, as of', cell: (j) => when(j.last_run?.as_of) },
			{ name: 'Moved', kind: 'n', cell: (j) => figure(j.last_run?.processed) },
			{ name: 'Points', kind: 'n', cell: (j) => figure(j.last_run?.points) },
			{ name: 'Ended', cell: (j) => ended(j.last_run) },
			{ name: '', kind: 'do', cell: (j) => h('button.slim', { type: 'button', id: 'run-' + j.job, onclick: (e) => run(j.job, e.target) }, 'Run now') },
		], list, { label: 'Jobs' })),
		job && [h('h2', 'Runs of ' + job), await pages([
			{ name: 'Run', kind: 'n', cell: (r) => r.run_id },
			{ name: 'As of', cell: (r) => when(r.as_of) },
			{ name: 'Started', cell: (r) => when(r.started_at) },
			{ name: 'Took', kind: 'n', cell: (r) => figure(r.duration_ms) + ' ms' },
			{ name: 'Moved', kind: 'n', cell: (r) => figure(r.processed) },
			{ name: 'Points', kind: 'n', cell: (r) => figure(r.points) },
			{ name: 'Ended', kind: 'words', cell: (r) => [ended(r), r.error && h('div.small', r.error)] },
		], async (cursor) => {
			const a = await read(path(program.program, 'jobs', job, 'runs'), { cursor, limit: 25 });
			return { rows: a.runs, next: a.next_cursor };
		}, { label: 'Runs', more: 'Show earlier' })],
	];
}

function ended(r) {
	if (!r) return h('span.faint', 'never ran');
	if (r.error) return badge('failed');
	if (r.breaks) return [badge('review'), ' ', figure(r.breaks), ' breaks'];
	return r.finished_at ? when(r.finished_at) : h('span.faint', 'runs, or was cut off');
}
