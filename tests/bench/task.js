// What a CI step would do without a daemon: one JSON file for each task, there in whole or not at all.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const [directory, branch] = process.argv.slice(2);
const task = {
	id: crypto.randomUUID(),
	type: 'pr_readiness_check',
	status: 'scheduled',
	createdAt: new Date().toISOString(),
	scheduledFor: new Date(Date.now() + 3600 * 1000).toISOString(),
	project: 'acme/web',
	branch,
	commit: 'eff9f61',
	errorType: 'test_failure',
	errorDetails: '3 tests failed',
};
fs.mkdirSync(directory, { recursive: true });
const file = path.join(directory, `${task.id}.json`);
fs.writeFileSync(`${file}.new`, JSON.stringify(task, null, 2));
fs.renameSync(`${file}.new`, file);
