/** Dossiers that may be one person's, on a real encrypted file. */
import t from 'tap';
import { Finding } from '../../appliance/finding/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { openRooms } from '../support/rooms.js';
import { TestClock } from '../support/scratch.js';

const open = () => {
  const rooms = openRooms(t, { clock: new TestClock() });
  const log = createLogger('silent');
  return { ...rooms, finding: new Finding({ db: rooms.db, clock: rooms.clock, events: new EventBus(log), log, keyFor: (purpose) => Buffer.from(purpose.padEnd(32)).toString('hex') }) };
};

t.test('duplicates: the surest first, and none that was merged or dismissed', async (t) => {
  const { db, customers, finding } = open();
  finding.start();
  const add = (displayName: string, phone: string | null = null, extra: { email?: string; birthday?: string } = {}): string => {
    const { id } = customers.create({ displayName, phone: null });
    db.run('UPDATE customer SET phone = ?, email = ? WHERE id = ?', phone, extra.email ?? null, id);
    if (extra.birthday !== undefined) db.run(`INSERT INTO customer_date VALUES (?, 0, 'birthday', NULL, ?, ?, NULL)`, id, ...extra.birthday.split('-').map(Number) as [number, number]);
    return id;
  };
  const [a, b] = [add('张伟', '13811112222'), add('章炜', '+8613811112222')];
  const [c, d] = [add('李娜', '13811113333'), add('王强', '13811113333')];
  const [e, f] = [add('赵敏'), add('赵敏', '13811114444')];
  for (const n of [5, 6]) add('刘洋', `1381111${n}000`);
  const [g, h] = [add('单雄信', null, { birthday: '2-29' }), add('山雄信', null, { birthday: '2-29' })];
  const told = async () => (await finding.duplicates()).map(({ a: one, b: two, strength }) => [[one.id, two.id].sort().join(), strength]);
  const pair = (x: string, y: string) => [x, y].sort().join();
  t.same(new Set(await told()), new Set([[pair(a, b), 'sure'], [pair(g, h), 'sure'], [pair(e, f), 'maybe'], [pair(c, d), 'shared']]));
  t.equal((await told()).at(-1)![1], 'shared');
  finding.dismissDuplicate(d, c, 's');
  finding.dismissDuplicate(c, d, 's');
  customers.merge(a, b, 's', () => undefined);
  t.same(new Set(await told()), new Set([[pair(g, h), 'sure'], [pair(e, f), 'maybe']]));
  t.throws(() => finding.dismissDuplicate(c, c, 's'), { code: 'merge_invalid' });
  t.throws(() => finding.dismissDuplicate(c, 'x', 's'), { code: 'customer_not_found' });
  customers.undoMerge(customers.merges(b)[0]!.id);
  t.equal((await told()).length, 3);
  await finding.stop();
});

t.test('duplicates: a crowd of hints does not hide the sure ones, and half a Chinese name is no sound', async (t) => {
  const { db, finding } = open();
  db.transaction(() => {
    const add = (name: string, phone: string) => db.run('INSERT INTO customer (id, display_name, phone, created_at_ms) VALUES (?, ?, ?, 0)', `c${name}`, name, phone);
    // 2,340 pairs that share a number, before the two who share a name too.
    for (let i = 0; i < 90; i++) for (let k = 0; k < 8; k++) add(`甲${String.fromCodePoint(0x4e00 + i * 80 + k * 9)}${i}-${k}`, `1390000${String(i).padStart(4, '0')}`);
    add('王Amy', '13811112222');
    add('王Bob', '13711112222');
    add('张伟', '13811113333');
    add('章炜', '008613811113333');
  });
  const pairs = await finding.duplicates();
  t.match(pairs[0], { strength: 'sure', reasons: ['phone', 'name_sound'] });
  t.strictSame(pairs.filter(({ a, b }) => a.displayName.startsWith('王') || b.displayName.startsWith('王')), []);
  await finding.stop();
});
