/** .ci/audit: holes fail the build, a registry without advisories does not, and says so. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { temporaryDirectory } from './support/scratch.js';

const AUDIT = join(fileURLToPath(new URL('../../', import.meta.url)), '.ci/audit');

/** The script with an `npm` that answers like this. */
function audit(t: Test, answer: string, npmStatus: number): { status: number | null; said: string } {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'answer'), answer);
  writeFileSync(join(directory, 'npm'), `#!/bin/sh\ncat '${directory}/answer'\nexit ${npmStatus}\n`, { mode: 0o755 });
  const { status, stdout } = spawnSync('/bin/sh', ['-c', 'unset NODE_OPTIONS; exec "$0" "$1"', process.execPath, AUDIT], { // the runner's loader is no part of it
    encoding: 'utf8', env: { PATH: `${directory}:/usr/bin:/bin` } });
  return { status, said: stdout };
}
const report = (counts: Partial<Record<'info' | 'low' | 'moderate' | 'high' | 'critical', number>>, vulnerabilities = {}) =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, ...counts } } });

t.test('what was found decides', async (t) => {
  t.match(audit(t, report({}), 0), { status: 0, said: /clean/ });
  t.match(audit(t, report({ moderate: 3 }), 1), { status: 0, said: /clean: none of level high or critical; lower: 3/ });
  t.match(audit(t, report({ high: 1 }, { bad: { name: 'bad', severity: 'high' } }), 1), { status: 1, said: /holes: 1 .*bad \(high\)/ });
  t.match(audit(t, report({ critical: 2 }), 1), { status: 1, said: /holes: 2/ });
});

t.test('a registry that keeps no advisories is told aloud and does not fail', async (t) => {
  for (const answer of [
    { message: '405 Method Not Allowed', method: 'POST', statusCode: 405, headers: {}, body: '' }, { error: { code: 'ENOAUDIT', summary: 'does not support audit requests' } }, { statusCode: 404 },
  ]) t.match(audit(t, JSON.stringify(answer), 1), { status: 0, said: /!! NOT AUDITED: / }, JSON.stringify(answer));
});

t.test('anything else fails: silence is no report', async (t) => {
  for (const [answer, status] of [['', 0], ['<html>', 1], ['{}', 0], ['null', 0], ['{"statusCode":500,"message":"oops"}', 1], ['{"error":{"code":"ENOLOCK"}}', 1], ['{"metadata":{"vulnerabilities":{}}}', 0]] as const) {
    t.match(audit(t, answer, status), { status: 1, said: /failed/ }, answer);
  }
});
