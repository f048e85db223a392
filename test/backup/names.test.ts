/** What backups are called, which ones go, and when one is due. */
import t from 'tap';
import { deletionListsOf, deletionsNameOf, fileNameOf, freeNameOf, isDue, leftOver, madeAtOf, partOf, toRemove } from '../../appliance/backup/names.js';

const store = { storeId: 'sh-01', vault: 'c0ffee0123456789c0ffee0123456789' };
const at = (text: string): number => Date.parse(text);

t.test('a file of another store, of another box, of another name or half written is none of this box\'s backups', async (t) => {
  for (const name of ['portico-sh-02-c0ffee01-20260615-040000.age', 'portico-sh-01-c0ffee01-x-20260615-040000.age', 'portico-sh-01-c0ffee01-20260615-040000.age.part', 'portico-sh-01-c0ffee01-20261315-040000.age', 'portico-sh-01-c0ffee01-deletions.age', 'portico-sh-01-deadbeef-20260615-040000.age', 'notes.txt']) {
    t.equal(madeAtOf(store, name), null, name);
  }
  t.equal(madeAtOf({ ...store, storeId: 'sh.01' }, 'portico-shx01-c0ffee01-20260615-040000.age'), null, 'a dot in the id means a dot');
  t.equal(madeAtOf(store, fileNameOf(store, at('2026-06-15T04:00:07.9Z'))), at('2026-06-15T04:00:07Z'));
  t.equal(freeNameOf(store, at('2026-06-15T04:00:00Z'), ['portico-sh-01-c0ffee01-20260615-040000.age']), 'portico-sh-01-c0ffee01-20260615-040001.age', 'never over one that is there');
});

t.test('the lists of all boxes of a store are found, and none of another store whose id begins alike', async (t) => {
  const [own, spare] = [deletionsNameOf(store), deletionsNameOf({ ...store, vault: 'deadbeef' })];
  t.strictSame(deletionListsOf(store, [spare, own, partOf(own), deletionsNameOf({ ...store, storeId: 'sh-01-deadbeef' }), deletionsNameOf({ ...store, storeId: 'sh' }), fileNameOf(store, 0)]), [own, spare]);
});

t.test('what is removed is only of this box, only beyond the number kept, never the one just made', async (t) => {
  const days = [1, 2, 3, 4, 5].map((day) => fileNameOf(store, at(`2026-06-0${day}T02:40:00Z`)));
  const others = ['portico-sh-02-c0ffee01-20200101-000000.age', 'portico-sh-01-deadbeef-20200101-000000.age', 'holiday.jpg', deletionsNameOf(store)];
  const now = at('2026-06-05T02:41:00Z');
  t.strictSame(toRemove(store, [...others, ...days], days[4]!, 3, now), [days[1], days[0]]);
  t.strictSame(toRemove(store, days, days[4]!, 14, now), []);
  t.strictSame(toRemove(store, days, days[0]!, 2, at('2026-06-01T02:41:00Z')).includes(days[0]!), false, 'the clock went back by days: the new one stays though it looks the oldest');
  const future = fileNameOf(store, at('2041-01-01T00:00:00Z'));
  t.strictSame(toRemove(store, [future, ...days], days[4]!, 3, now), [days[1], days[0], future], 'one from when the clock was years ahead does not take a good one\'s place');
});

t.test('what a run that was cut off left is cleared away, and nobody else\'s part', async (t) => {
  const own = partOf(fileNameOf(store, at('2026-06-01T00:00:00Z')));
  t.strictSame(leftOver(store, [own, 'portico-sh-02-c0ffee01-20260601-000000.age.part', 'film.part', partOf(deletionsNameOf(store)), fileNameOf(store, 0)]), [own, partOf(deletionsNameOf(store))]);
});

t.test('a night that was missed is due, once it is over its hour in the store\'s own time', async (t) => {
  const now = at('2026-06-15T18:30:00Z'); // 02:30 on the 16th in Shanghai
  t.equal(isDue(at('2026-06-14T18:40:01Z'), now, '02:40', 'Asia/Shanghai'), false, 'tonight\'s is not due yet');
  t.equal(isDue(at('2026-06-14T18:40:01Z'), now + 11 * 60_000, '02:40', 'Asia/Shanghai'), true);
  t.equal(isDue(at('2026-06-13T18:40:01Z'), now, '02:40', 'Asia/Shanghai'), true, 'last night\'s was missed');
  t.equal(isDue(null, now, '02:40', 'Asia/Shanghai'), true, 'there never was one');
  t.equal(isDue(at('2041-01-01T00:00:00Z'), now, '02:40', 'Asia/Shanghai'), true, 'one from the future says nothing');
});
