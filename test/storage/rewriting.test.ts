/** What is deleted leaves the file: also the copies that SQLite makes when it moves rows between pages, which secure_delete does not reach. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { createLogger } from '../../appliance/kit/index.js';
import { isTimeToRewrite, openStorage } from '../../appliance/storage/index.js';
import { TestClock, temporaryDirectory } from '../support/box.js';
import { DATABASE, pagesOf } from '../support/disk.js';

const MB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const log = createLogger('silent');

t.test('when', async (t) => {
  t.equal(isTimeToRewrite('night', 0, 900 * MB), true);
  t.equal(isTimeToRewrite('quiet', 0, 60 * MB), true);
  t.equal(isTimeToRewrite('quiet', 9 * DAY_MS, 900 * MB), false, 'nobody waits for it by day');
  t.equal(isTimeToRewrite('start', DAY_MS - 1, 1), false, 'the night is to come');
  t.equal(isTimeToRewrite('start', DAY_MS, 900 * MB), true, 'the box is off at night');
  t.equal(isTimeToRewrite('start', -1, 1), true, 'a clock that was set back');
});

t.test('thousands come and go', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const clock = new TestClock();
  const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock });
  t.teardown(() => storage.close());
  const { db } = storage;
  db.pragma('main.synchronous = OFF'); // only for speed: what is written is the same
  let seed = 7;
  const below = (n: number): number => Math.floor((seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31 * n);
  const people = Array.from({ length: 3_000 }, (_, i) => ({ id: randomUUID(), name: `${'赵钱孙李周吴郑王'[below(8)]!}zq${i.toString(36).padStart(4, '0')}qz`, order: below(2 ** 30) }));
  for (const { id, name } of people) db.run('INSERT INTO customer (id, display_name, phone, created_at_ms) VALUES (?, ?, ?, 1)', id, name, `13${String(below(1e9)).padStart(9, '0')}`);
  const gone = people.sort((a, b) => a.order - b.order).slice(0, 2_000);
  for (const { id } of gone) {
    db.run('DELETE FROM customer WHERE id = ?', id);
    if (below(3) === 0) db.run('INSERT INTO customer (id, display_name, phone, created_at_ms) VALUES (?, ?, ?, 1)', randomUUID(), `${'冯陈褚卫'[below(4)]!}${below(1e6)}`, `15${below(1e9)}`);
  }
  const left = () => {
    const file = Buffer.concat(pagesOf(dataDirectory, DATABASE));
    return gone.filter(({ name }) => file.includes(name.slice(1))).length;
  };

  t.equal(storage.rewriting.at('night', clock, log), false, 'nobody said that something was deleted');
  t.equal(storage.dropTraces(), true);
  const rows = db.get<{ n: number }>('SELECT count(*) AS n FROM customer')!.n;
  t.ok(left() > 0, `${left()} names in gaps`);
  t.equal(storage.rewriting.at('quiet', clock, log), true);
  t.equal(left(), 0);
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM customer')!.n, rows);
  t.equal(db.pragma('main.quick_check'), 'ok');
  t.equal(storage.rewriting.at('night', clock, log), false, 'once is enough');
});
