/** Finding on a real encrypted file: the index follows every writer, and what is deleted is nowhere on the disk. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Finding } from '../../appliance/finding/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { pagesOf } from '../support/disk.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const events = new EventBus(createLogger('silent'));
/** Rooms with the search index kept in step. */
const open = (dataDirectory = temporaryDirectory(t)) => {
  const rooms = openRooms(t, { dataDirectory, clock: new TestClock() });
  const finding = new Finding({ db: rooms.db, clock: rooms.clock, events, log: createLogger('silent'), keyFor: (purpose) => Buffer.from(purpose.padEnd(32)).toString('hex') });
  const names = (query: string) => finding.search(query, 20).map(({ displayName }) => displayName);
  return { ...rooms, finding, names, dataDirectory };
};

t.test('rows from before the index are found after the start, a full store in breaths', async (t) => {
  const { db, finding, names } = open();
  db.transaction(() => {
    for (let i = 0; i < 5_100; i++) db.run('INSERT INTO customer (id, display_name, phone, created_at_ms) VALUES (?, ?, ?, ?)', `c${i}`, `顾客${i}`, `139${String(i).padStart(8, '0')}`, i);
    db.run(`INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n', 'c7', '喜欢靠窗的座位', 's', 1)`);
  });
  t.strictSame(names('顾客7'), ['顾客7'], 'the exact name needs no index');
  t.strictSame(names('靠窗'), []);
  const { waiting, done } = finding.start();
  t.equal(waiting, 5_101);
  await done;
  t.strictSame(finding.search('靠窗', 5), [{ id: 'c7', displayName: '顾客7', salutation: null, tier: null, phoneTail: '0007', found: { in: 'note', text: '喜欢靠窗的座位' } }]);
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM search_stale')!.n, 0);
  t.strictSame(names(''), Array.from({ length: 20 }, (_, i) => `顾客${5_099 - i}`), 'nothing asked: the last contact, here the making, first');
  db.run('UPDATE customer SET last_contact_ms = 9999 WHERE id = ?', 'c7');
  t.equal(names('')[0], '顾客7');
  t.equal(finding.search('顾客', 50).length, 50, 'a common word: as many as asked for');
  await finding.stop();
});

t.test('a store of years is indexed in large pieces, and what changes or goes meanwhile leaves no word behind', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = open(dataDirectory);
  first.db.transaction(() => {
    for (let i = 0; i < 10_500; i++) first.db.run('INSERT INTO customer (id, display_name, phone, created_at_ms) VALUES (?, ?, ?, ?)', `c${i}`, `周子龙${i}`, `139${String(i).padStart(8, '0')}`, i);
  });
  const entries = () => first.db.get<{ n: number }>('SELECT count(*) AS n FROM search_entry')!.n;
  first.finding.start();
  while (entries() < 400) await new Promise((resolve) => { setImmediate(resolve); });
  // FTS5 takes 2,000; a search reads each of them. One a row, and a fast machine is past that before the first merge.
  t.ok(first.db.get<{ n: number }>('SELECT count(DISTINCT segid) AS n FROM search_dossier_idx')!.n <= 40, 'many rows make one segment');
  first.customers.change('c10499', { displayName: '改名的' });
  first.customers.erase('c10498', () => first.finding.erase('c10498'));
  t.match(first.finding.search('gmd', 5), [{ id: 'c10499' }], 'what is written is found at once');
  await first.finding.stop(); // cut short
  first.close();
  const { db, finding, names } = open(dataDirectory);
  await finding.start().done;
  t.notOk(finding.isBehind());
  t.strictSame(names('zzl10498'), []);
  t.equal(finding.search('zilong', 50).length, 50);
  t.strictSame(names('gmd'), ['改名的']);
  t.equal(names('周子龙7')[0], '周子龙7');
  const astray = (table: string, kinds: string) => db.all(
    `SELECT value FROM search_entry, json_each(words) WHERE kind ${kinds} AND search_entry.id % 50 = 0
     AND NOT EXISTS (SELECT 1 FROM ${table} WHERE ${table} MATCH '"' || value || '"' AND rowid = search_entry.id) LIMIT 3`);
  t.strictSame([astray('search_dossier', `= 'dossier'`), astray('search_other', `<> 'dossier'`)], [[], []], 'all that an entry says is there');
  db.run(`INSERT INTO search_dossier (search_dossier) VALUES ('integrity-check')`);
  await finding.stop();
});

t.test('the index follows whoever writes: changes, merges, what is taken out again', async (t) => {
  const { db, customers, finding, names, clock } = open();
  finding.start();
  const wang = customers.create({ displayName: '王芳', salutation: '王女士', phone: '13812345678' });
  const other = customers.create({ displayName: '汪方', phone: '13912345678' });
  customers.addNote(wang.id, '偏好 龙井茶，周末来', 's');
  t.strictSame(names('wf').sort(), ['汪方', '王芳'].sort());
  t.match(finding.search('wns', 5), [{ displayName: '王芳', found: { in: 'name' } }]);
  t.strictSame(names('王 龙井'), ['王芳'], 'words in several rows of one customer');
  t.strictSame(names('汪 龙井'), []);
  t.strictSame(names('345678').sort(), ['汪方', '王芳'].sort());
  customers.change(wang.id, { displayName: '王芬', phone: '13800000000' });
  t.strictSame([names('王芳'), names('wangfen'), names('5678')], [[], ['王芬'], ['汪方']]);
  clock.move(1000);
  customers.merge(wang.id, other.id, 's', () => undefined);
  t.match(finding.search('王芬', 5), [{ id: other.id, displayName: '汪方', found: { in: 'former', text: '王芬' } }], 'the one that stayed, by the name of the one that went');
  t.match(finding.search('13800000000', 5), [{ id: other.id, found: { in: 'former' } }]);
  t.match(finding.search('龙井', 5), [{ id: other.id, found: { in: 'note', text: '偏好 龙井茶，周末来' } }]);
  customers.undoMerge(customers.merges(other.id)[0]!.id);
  t.match(finding.search('龙井', 5), [{ id: wang.id }]);
  t.strictSame(names('wangfen'), ['王芬']);
  db.run(`INSERT INTO companion (customer_id, position, name, relation) VALUES (?, 0, '小宝', '儿子')`, wang.id);
  customers.addNote(other.id, '一条', 's'); // whatever is committed next
  t.match(finding.search('xiaobao', 5), [{ id: wang.id, found: { in: 'companion', text: '小宝 (儿子)' } }]);
  t.throws(() => db.transaction(() => { customers.create({ displayName: '没有的人' }); throw new Error('no'); }));
  t.strictSame(names('没有的人'), [], 'rolled back with the rest');
  finding.fieldsFrom((id) => (id === other.id ? ['表链 玫瑰金'] : []), () => false);
  db.transaction(() => {
    db.run(`INSERT INTO field_section VALUES ('fs', '一', 'one', 0, NULL)`);
    db.run(`INSERT INTO field VALUES ('f', 'fs', '表链', 'strap', 'text', 0, 'everybody', 0, NULL)`);
    db.run(`INSERT INTO field_value (customer_id, field_id, text_value, at_ms, staff_id) VALUES (?, 'f', '玫瑰金', 1, 's')`, other.id);
  });
  t.match(finding.search('玫瑰金', 5), [{ id: other.id, found: { in: 'field', text: '表链 玫瑰金' } }]);
  await finding.stop();
});

t.test('the exact name or number comes first, then the last contact; a regular is not lost among namesakes', async (t) => {
  const { db, customers, finding, names } = open();
  finding.start();
  const regular = customers.create({ displayName: '李四' });
  db.transaction(() => { for (let i = 0; i < 450; i++) customers.create({ displayName: `李${i}号`, memberNo: `M-${i}` } as never); });
  await finding.start().done;
  const exact = customers.create({ displayName: '李' });
  db.run('UPDATE customer SET last_contact_ms = 9e12 WHERE id = ?', regular.id);
  t.strictSame(names('李').slice(0, 2), ['李', '李四'], 'older than more other matches than are looked at, and seen last');
  t.equal(finding.search('li', 50).length, 50);
  t.equal(exact.displayName, '李');
  db.run(`UPDATE customer SET member_no = 'VIP-0042' WHERE id = ?`, regular.id);
  customers.addNote(exact.id, 'VIP-0042 的朋友', 's');
  t.strictSame(names('vip-0042'), ['李四', '李']);
  await finding.stop();
});

t.test('erased and over its term: the words are nowhere, neither in the index nor in a free page', async (t) => {
  const rooms = open();
  const { db, customers, finding, dataDirectory } = rooms;
  finding.start();
  const gone = customers.create({ displayName: '慕容秋水', phone: '13577712345' });
  const stays = customers.create({ displayName: '留下的人' });
  customers.addNote(gone.id, '只喝白毫银针', 's');
  for (let i = 0; i < 60; i++) customers.addNote(stays.id, `普通的一条备注 ${i}`, 's');
  customers.addNote(stays.id, '孔雀蓝的丝巾', 's');
  finding.addTag(gone.id, '04A2B3C4D5', null, 's');
  const { token } = finding.makeMemberCode(gone.id);
  const secret = db.get<{ secret: Buffer }>('SELECT secret FROM member_code')!.secret;
  const onDisk = (text: string | Buffer) => { db.truncateLog(); return pagesOf(dataDirectory, 'portico.db').some((page) => page.includes(text)); };
  const words = ['慕容秋水', 'murongqiushui', '容秋水', '3577712345', '白毫银针', '毫银针', secret];
  t.strictSame(words.filter((word) => !onDisk(word)), [], 'they were there');
  db.transaction(() => customers.erase(gone.id, () => finding.erase(gone.id)));
  t.strictSame(words.filter(onDisk), []);
  t.strictSame([finding.search('慕容', 5), finding.search('银针', 5)], [[], []]);
  t.throws(() => finding.ownMemberCode(token, '店'), { code: 'member_link_invalid' });
  t.throws(() => finding.scan('04A2B3C4D5', () => undefined), { code: 'scan_unknown' });
  t.ok(onDisk('雀蓝的丝'));
  customers.retention.deleteBefore(rooms.clock.now() + 1, []);
  t.strictSame(finding.search('孔雀', 5), [], 'not found at once');
  await finding.start().done;
  t.strictSame(['孔雀蓝', '雀蓝的丝'].filter(onDisk), []);
  t.strictSame(finding.search('孔雀', 5), []);
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM search_entry')!.n, 1);
  t.equal(db.get<{ ok: string }>(`SELECT integrity_check AS ok FROM pragma_integrity_check`)!.ok, 'ok');
  const ofNobody = (table: string) => db.all(`SELECT rowid FROM ${table} WHERE ${table} MATCH '1* OR 孔*' AND rowid NOT IN (SELECT id FROM search_entry)`);
  t.strictSame([ofNobody('search_dossier'), ofNobody('search_other')], [[], []], 'nor a word of nobody');
  await finding.stop();
});

t.test('nor in a key between two pages of the index: until it is made anew, a deletion is not complete', async (t) => {
  const { db, finding, dataDirectory, customers } = open();
  finding.start();
  db.transaction(() => {
    for (let i = 0; i < 3_000; i++) db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', `c${i}`, `${String(i * 3_331_333 % 9_999_991).padStart(7, '0')}kunde`, i);
  });
  await finding.start().done;
  const keys = () => db.all<{ word: string }>('SELECT CAST(substr(term, 2) AS TEXT) AS word FROM search_dossier_idx WHERE length(term) > 5').map(({ word }) => word);
  const key = keys()[0]!;
  const { id, display_name: name } = db.get<{ id: string; display_name: string }>('SELECT id, display_name FROM customer WHERE display_name LIKE ?', `${key}%`)!;
  const others = db.all<{ id: string }>('SELECT id FROM customer WHERE display_name LIKE ? AND id <> ?', `${key}%`, id);
  t.ok(finding.isClean());
  for (const each of [id, ...others.map((other) => other.id)]) db.transaction(() => customers.erase(each, () => finding.erase(each)));
  t.ok(keys().includes(key), 'secure-delete leaves it there');
  t.notOk(finding.isClean());
  await finding.start().done;
  t.ok(finding.isClean());
  t.notOk(keys().includes(key));
  db.truncateLog();
  const pages = pagesOf(dataDirectory, 'portico.db');
  t.notOk(pages.some((page) => page.includes(name)));
  const rest = db.get<{ id: string; name: string }>('SELECT id, display_name AS name FROM customer LIMIT 1 OFFSET 700')!;
  t.match(finding.search(rest.name.slice(0, 6), 5), [{ id: rest.id }]);
  await finding.stop();
});

t.test('what others held of who was erased: until it is out of the index, nothing is clean', async (t) => {
  const { db, customers, finding, names } = open();
  finding.start();
  const gone = customers.create({ displayName: '慕容秋水' });
  db.transaction(() => {
    for (let i = 0; i < 12; i++) {
      const { id } = customers.create({ displayName: `李${i}` });
      db.run(`INSERT INTO companion (customer_id, position, name, relation, other_id) VALUES (?, 0, '慕容秋水', '妻子', ?)`, id, gone.id);
    }
  });
  await finding.start().done;
  const left = () => db.get<{ n: number }>(`SELECT count(*) AS n FROM search_dossier WHERE search_dossier MATCH 'murongqiushui'`)!.n;
  t.equal(left(), 13);
  db.transaction(() => customers.erase(gone.id, () => finding.erase(gone.id)));
  while (!finding.isClean()) await new Promise((resolve) => { setImmediate(resolve); });
  t.equal(left(), 0);
  t.equal(names('li').length, 12);
  // A long text: whether a key holds one of its words is not asked, only of those that a change takes away.
  const text = String.fromCodePoint(...Array.from({ length: 1_500 }, (_, i) => 0x4e00 + i));
  const note = customers.addNote(customers.create({ displayName: '长' }).id, text, 's');
  db.transaction(() => db.run('UPDATE note SET text = ? WHERE id = ?', `${text}。又`, note.id));
  t.ok(finding.isClean());
  db.transaction(() => db.run('UPDATE note SET text = ? WHERE id = ?', '短', note.id));
  t.notOk(finding.isClean());
  await finding.start().done;
  t.ok(finding.isClean());
  await finding.stop();
});

t.test('an index that is damaged undoes nothing and is made anew', async (t) => {
  const { db, customers, finding, names } = open();
  finding.start();
  const gone = customers.create({ displayName: '甲乙' });
  customers.create({ displayName: '丙丁' });
  // It thinks itself empty, and refuses to take out what is there.
  for (const id of [998, 999]) db.run(`INSERT INTO search_dossier (search_dossier, rowid, words) VALUES ('delete', ?, 'no')`, id);
  t.throws(() => db.run('DELETE FROM search_entry WHERE id = 1'), { code: 'db_corrupt' });
  customers.change(gone.id, { displayName: '戊己' });
  for (let i = 0; i < 500 && finding.isBehind(); i++) await new Promise((resolve) => { setTimeout(resolve, 10); });
  t.strictSame(['jiayi', 'bingding', 'wuji'].map(names), [[], ['丙丁'], ['戊己']]);
  customers.erase(gone.id, () => finding.erase(gone.id));
  t.strictSame(names('wuji'), []);
  await finding.stop();
});

t.test('what is written while others wait, or after a commit that failed, or with a field that cannot be read, does not wait for long', async (t) => {
  const { db, customers, finding } = open();
  let fails = false;
  finding.fieldsFrom((id) => { if (fails && id === 'a0') throw new Error('no'); return [fails ? '新名' : '旧名']; }, () => false);
  finding.start();
  const add = (prefix: string, n: number) => db.transaction(() => {
    for (let i = 0; i < n; i++) db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', `${prefix}${i}`, `${prefix}${i}`, i);
  });
  const caughtUp = async () => { for (let i = 0; i < 500 && finding.isBehind(); i++) await new Promise((resolve) => { setTimeout(resolve, 10); }); return !finding.isBehind(); };
  const entries = () => db.get<{ n: number }>('SELECT count(*) AS n FROM search_entry')!.n;
  add('a', 600);
  while (entries() < 100) await new Promise((resolve) => { setImmediate(resolve); });
  add('b', 40);
  t.ok(await caughtUp());
  t.throws(() => db.transaction(() => {
    db.pragma('defer_foreign_keys = ON');
    add('c', 30);
    db.run(`INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n', 'nobody', '无', 's', 1)`);
  }), /FOREIGN KEY/);
  customers.create({ displayName: '张三丰' });
  t.match(finding.search('zhangsanfeng', 5), [{ displayName: '张三丰' }]);
  db.transaction(() => {
    db.run(`INSERT INTO field_section VALUES ('fs', '一', 'one', 0, NULL)`);
    db.run(`INSERT INTO field VALUES ('f', 'fs', '盒', 'box', 'text', 0, 'everybody', 0, NULL)`);
    for (let i = 0; i < 5; i++) db.run(`INSERT INTO field_value (customer_id, field_id, text_value, at_ms, staff_id) VALUES (?, 'f', '旧名', 1, 's')`, `a${i}`);
  });
  fails = true;
  db.transaction(() => db.run(`UPDATE field SET visible_to = 'manager' WHERE id = 'f'`));
  for (let i = 0; i < 100 && finding.search('新名', 9).length < 4; i++) await new Promise((resolve) => { setTimeout(resolve, 10); });
  t.strictSame(finding.search('新名', 9).map(({ id }) => id).sort(), ['a1', 'a2', 'a3', 'a4'], 'one that fails holds up nobody');
  t.equal(db.get<{ n: number }>(`SELECT count(*) AS n FROM search_other WHERE search_other MATCH '旧名'`)!.n, 0, 'nor stays as it was');
  await finding.stop();
});

t.test('two common words find who has both, and of many matches those that came last', async (t) => {
  const { db, finding } = open();
  const add = (name: string, phone: number) => db.run('INSERT INTO customer (id, display_name, phone, created_at_ms) VALUES (?, ?, ?, 1)', `c${phone}`, name, String(phone));
  db.transaction(() => {
    for (let i = 0; i < 600; i++) {
      add(`王${String.fromCodePoint(0x4e00 + i)}`, 13810000000 + i * 11);
      add(`李${String.fromCodePoint(0x4e00 + i)}`, 13911100000 + i * 7);
    }
    add('王靖', 13900008887);
  });
  await finding.start().done;
  t.ok(finding.search('王 139', 5).some(({ displayName }) => displayName === '王靖'));
  t.match(db.get('SELECT * FROM search_entry ORDER BY id DESC'), { row_id: 'c13900008887' });
  t.match(finding.search('+86 139 0000 8887', 5), [{ displayName: '王靖', found: { in: 'phone' } }]);
  await finding.stop();
});

t.test('numbers are also found as they stand in a note', async (t) => {
  const { customers, finding } = open();
  finding.start();
  const { id } = customers.create({ displayName: '单雄信', phone: '13812345678', memberNo: 'VIP-00042' });
  customers.addNote(id, '生日 2024-05-01，约 10-12 点，价格 188 990', 's');
  const where = (query: string) => finding.search(query, 5).map(({ found }) => found?.in);
  for (const query of ['2024-05-01', '2024-05', '10-12', '188 990']) t.strictSame(where(query), ['note'], query);
  for (const query of ['+86 138 1234', '86138', '0086 138']) t.strictSame(where(query), ['phone'], query);
  for (const query of ['0042', 'vip-00042']) t.strictSame(where(query), ['member'], query);
  t.strictSame(where('2024-06'), []);
  await finding.stop();
});

t.test('a full box: what is written before what it is found by, and nothing refuses for the index', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const clock = new TestClock();
  const opened = (maxBytes: number | null) => {
    const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes, clock });
    const finding = new Finding({ ...storage, clock, events, log: createLogger('silent') });
    return { db: storage.db, finding, close: async () => { await finding.stop(); storage.close(); } };
  };
  const before = opened(null);
  before.finding.start();
  before.db.transaction(() => {
    before.db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('naming', '张三', 0)`);
    before.db.run(`INSERT INTO companion (customer_id, position, name, relation) VALUES ('naming', 0, '慕容秋水', '妻子')`);
  });
  before.db.transaction(() => {
    for (let i = 0; i < 600; i++) before.db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', `c${i}`, `王小明${i}`, i);
  });
  await before.close();
  const full = opened(statSync(join(dataDirectory, 'portico.db')).size);
  await full.finding.start().done;
  t.ok(full.finding.isBehind(), 'started, and behind');
  full.db.transaction(() => full.db.run(`DELETE FROM companion WHERE customer_id = 'naming'`));
  t.equal(full.db.get<{ n: number }>(`SELECT count(*) AS n FROM search_dossier WHERE search_dossier MATCH 'murongqiushui'`)!.n, 0, 'what went goes without room');
  t.ok(full.finding.isClean());
  full.db.transaction(() => full.db.run(`DELETE FROM customer WHERE id = 'c0'`));
  full.db.withReserve(() => full.db.transaction(() => full.db.run(`DELETE FROM customer WHERE id = 'c1'`)));
  full.db.transaction(() => full.db.run(`UPDATE customer SET display_name = '李' WHERE id = 'c2'`));
  t.equal(full.db.get<{ n: number }>('SELECT count(*) AS n FROM customer')!.n, 599);
  t.match(full.finding.search('李', 5), [{ id: 'c2' }], 'an exact name needs no index');
  await full.close();
  const roomy = opened(null);
  await roomy.finding.start().done;
  t.notOk(roomy.finding.isBehind());
  t.match(roomy.finding.search('wxm599', 5).concat(roomy.finding.search('li', 5)), [{ id: 'c2' }]);
  roomy.finding.fieldsFrom(() => { throw new Error('no'); }, () => false);
  roomy.db.run(`INSERT INTO search_stale (kind, row_id) VALUES ('fields', 'c3')`);
  roomy.db.transaction(() => roomy.db.run(`UPDATE customer SET display_name = '赵' WHERE id = 'c4'`));
  t.match(roomy.finding.search('zhao', 5), [{ id: 'c4' }], 'a row that cannot be indexed takes nothing with it');
  t.ok(roomy.finding.isBehind());
  await roomy.close();
});

t.test('a field that others may not see any more: nobody is found by it from then on, and no commit does the work of the whole store', async (t) => {
  const { db, customers, finding } = open();
  let hidden = false;
  let left = false;
  let asked = 0;
  finding.fieldsFrom(() => { asked += 1; return hidden ? [] : ['紫檀木盒']; }, () => left);
  finding.start();
  db.transaction(() => {
    db.run(`INSERT INTO field_section VALUES ('fs', '一', 'one', 0, NULL)`);
    db.run(`INSERT INTO field VALUES ('f', 'fs', '盒', 'box', 'text', 0, 'everybody', 0, NULL)`);
    for (let i = 0; i < 300; i++) db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, '李', ?)`, `c${i}`, i);
    for (let i = 0; i < 300; i++) db.run(`INSERT INTO field_value (customer_id, field_id, text_value, at_ms, staff_id) VALUES (?, 'f', '紫檀木盒', 1, 's')`, `c${i}`);
  });
  await finding.start().done;
  t.equal(finding.search('紫檀', 50).length, 50);
  const stale = () => db.get<{ n: number }>('SELECT (SELECT count(*) FROM search_stale) + (SELECT count(*) FROM search_stale_field) AS n')!.n;
  asked = 0;
  db.transaction(() => db.run(`UPDATE field SET name_zh = '匣', position = 3, visible_to = visible_to, removed_at_ms = removed_at_ms WHERE id = 'f'`));
  t.strictSame([stale(), asked], [0, 0], 'a new name or place');
  hidden = true;
  db.transaction(() => db.run(`UPDATE field SET visible_to = 'manager' WHERE id = 'f'`));
  t.strictSame([stale(), asked], [1, 0], 'one row for all of them');
  t.strictSame(finding.search('紫檀木', 50), []);
  t.strictSame(finding.search('李 紫檀', 50), [], 'nor by a word in the field and one in the dossier');
  asked = 0;
  customers.addNote('c5', '一条', 's');
  t.equal(asked, 0, 'who writes a note does not index the others');
  await finding.start().done;
  t.equal(stale(), 0);
  t.equal(db.get<{ n: number }>(`SELECT count(*) AS n FROM search_other WHERE search_other MATCH '紫檀*'`)!.n, 0);
  hidden = false;
  db.transaction(() => db.run(`UPDATE field SET visible_to = 'everybody' WHERE id = 'f'`));
  await finding.start().done;
  const kept = customers.create({ displayName: '留下的' });
  db.run(`DELETE FROM field_value WHERE customer_id = ?`, kept.id);
  const shown = () => finding.search('紫檀 李', 50).map(({ id }) => id).includes(kept.id);
  customers.merge('c7', kept.id, 's', () => undefined);
  t.ok(shown());
  left = true;
  t.notOk(shown(), 'the consent of the one that stayed leaves preferences out');
  await finding.stop();
});

t.test('a database that was written past the box is brought up to date at the next start', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = open(dataDirectory);
  first.finding.start();
  first.customers.create({ displayName: '先来的' });
  await first.finding.stop();
  first.close();
  const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock() });
  storage.db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('x', '后来的', 1)`);
  storage.close();
  const second = open(join(dataDirectory));
  t.strictSame(second.names('houlai'), []);
  t.equal(second.finding.start().waiting, 1);
  t.strictSame(second.names('houlai'), ['后来的']);
  t.strictSame(second.names('xianlai'), ['先来的']);
  await second.finding.stop();
});
