/** The list of articles: CSV files as spreadsheets in China write them, found by parts, hidden and never lost. A real encrypted file. */
import t from 'tap';
import { IMPORT_PROBLEMS } from '../../appliance/contract/index.js';
import { csvText, priceMinor, readProducts } from '../../appliance/products/csv.js';
import { Products } from '../../appliance/products/index.js';
import { failure } from '../support/failures.js';
import { openRooms } from '../support/rooms.js';

/** "货号,名称,价格\nA-1,月相腕表,1280" in GB18030, as Excel in China saves it. */
const GB18030 = Buffer.from('bbf5bac52cc3fbb3c62cbcdbb8f10a412d312cd4c2cfe0cdf3b1ed2c31323830', 'hex');
const CHINESE = '货号,名称,价格\nA-1,月相腕表,1280';

t.test('a file is read in the encodings that spreadsheets write', async (t) => {
  t.equal(csvText(Buffer.from(CHINESE)), CHINESE);
  t.equal(csvText(Buffer.from(`\uFEFF${CHINESE}`)), CHINESE, 'without its mark');
  t.equal(csvText(GB18030), CHINESE);
  t.equal(csvText(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(CHINESE, 'utf16le')])), CHINESE);
  t.throws(() => csvText(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00, 0xff])), { code: 'csv_invalid' }, 'a photo');
});

t.test('prices as people write them, to the smallest unit', async (t) => {
  for (const [text, digits, minor] of [
    ['1280', 2, 128_000], ['1,280.5', 2, 128_050], ['¥1，280.50', 2, 128_050], ['￥ 99元', 2, 9_900], ['0', 2, 0], ['1200', 0, 1_200], ['12.340', 2, 1_234], ['CNY 5', 2, 500],
  ] as const) t.equal(priceMinor(text, digits), minor, text);
  for (const [text, digits] of [['12.345', 2], ['-1', 2], ['1.2.3', 2], ['1,2', 2], ['免费', 2], ['1.5', 0], ['9'.repeat(14), 2], ['1e9', 2]] as const) t.equal(priceMinor(text, digits), undefined, text);
});

t.test('headings in both languages, three separators; each bad line is told by line, code and column', async (t) => {
  const { good, refused, refusedLines } = await readProducts([
    '货号;商品名称;品牌;分类;售价(元);条形码;库存;备注', 'A-1;月相腕表;浪琴;腕表;12,800.50;6901234567892;3;随便写', ';没有货号;;;;;;', `A-2;${'长'.repeat(81)};;;;;;`, 'A-3;表带;;;很贵;;;',
    'A-4;表带;;;;条 码;几个;', 'A-5;表带;;;;;也许;', 'A-1;又是它;;;;;;', 'A-6;表带;;;;;;;;多了', '', '"A-7";"两行的\n名字";;;;;否;',
  ].join('\n'), 2);
  t.strictSame(good.map(({ product }) => product), [
    { sku: 'A-1', name: '月相腕表', category: '腕表', brand: '浪琴', priceMinor: 1_280_050, barcode: '6901234567892', inStock: true },
    { sku: 'A-7', name: '两行的\n名字', category: null, brand: null, priceMinor: null, barcode: null, inStock: false },
  ]);
  t.equal(refusedLines, 7);
  t.strictSame(refused, [
    { line: 3, code: 'empty', column: '货号' }, { line: 4, code: 'too_long', column: '商品名称' }, { line: 5, code: 'price_invalid', column: '售价(元)' },
    { line: 6, code: 'barcode_invalid', column: '条形码' }, { line: 6, code: 'stock_invalid', column: '库存' }, { line: 7, code: 'stock_invalid', column: '库存' }, { line: 8, code: 'sku_twice', column: '货号' },
    { line: 9, code: 'columns_wrong', column: null },
  ]);
  for (const { code } of refused) t.ok(IMPORT_PROBLEMS.includes(code));
  t.strictSame((await readProducts('SKU\tProduct name\nB\tStrap', 2)).good.map(({ product }) => product), [{ sku: 'B', name: 'Strap' }], 'columns that are not there say nothing');
  for (const bad of ['', '\n\n', 'a,b\n1,2', '货号,备注\n1,2', '货号,名称,SKU\n1,2,3', 'sku,name\n\0,1']) t.equal((await failure(readProducts(bad, 2))).code, 'csv_invalid', JSON.stringify(bad));
  const before = 'sku,name\n1,"two\nlines"\n\n';
  for (const bad of ['2,"open\n3,c\n', '2,"open\n3,"c"\n', '2,5" strap\n3,c', '2,"b"c\n', `2,"open\n${'3,c\n'.repeat(20_000)}`]) {
    t.match(await failure(readProducts(before + bad, 2)), { code: 'csv_quote', details: { line: 5 } }, bad.slice(0, 20));
  }
});

t.test('a file is taken over by number, twice without harm; what cannot be read changes nothing', async (t) => {
  const { products, db } = openRooms(t);
  const file = (lines: string[]) => Buffer.from(['sku,name,price,barcode', ...lines].join('\r\n'));
  const sku = 'A-1';
  t.match(await products.import(GB18030, null), { added: 1, refused: [], refusedLines: 0, sample: [{ line: 2, becomes: 'added', product: { sku, name: '月相腕表', priceMinor: 128_000 } }] }, 'told beforehand');
  t.strictSame(products.search('', 9), [], 'and nothing written');
  t.match(await products.import(GB18030), { added: 1, changed: 0, unchanged: 0, refused: [] });
  const first = file(['A-1,月相腕表,1380,690', 'A-2,表带,99,691', 'A-3,表盒,,691']);
  t.match(await products.import(first), { added: 1, changed: 1, unchanged: 0, refusedLines: 1, refused: [{ line: 4, code: 'barcode_taken', column: 'barcode' }], sample: [{ becomes: 'changed' }, { becomes: 'added' }] });
  t.match(await products.import(first), { added: 0, changed: 0, unchanged: 2, refused: [{ line: 4, code: 'barcode_taken', column: 'barcode' }] });
  t.match(products.byCode('690'), { sku: 'A-1', priceMinor: 138_000, inStock: true });
  t.equal((await failure(products.import(Buffer.from('sku,name\nA-9,neu\n"')))).code, 'csv_quote');
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM product')!.n, 2);

  const { id } = products.byCode('A-2')!;
  products.remove(id);
  products.remove(id);
  t.match(await products.import(file(['A-2,表带,99,691'])), { added: 1, changed: 0, unchanged: 0, refused: [] }, 'a hidden one comes back');
  t.equal(products.byCode('691')!.id, id, 'as itself');
});

t.test('a file made to keep the box busy is refused or told line by line, and other work comes in between', async (t) => {
  const { products } = openRooms(t);
  const wide = (columns: number) => ['sku,name', ...Array.from({ length: columns - 2 }, () => 'x')].join(',');
  t.equal((await failure(readProducts(`${wide(65)}\n1,2`, 2))).code, 'csv_invalid');
  t.equal((await readProducts(`${wide(64)}\n1,2`, 2)).good.length, 1);
  t.equal((await failure(readProducts(`sku,name\n1,${'长'.repeat(30_000)}`, 2))).code, 'csv_invalid', 'a line beyond all measure');
  t.equal((await failure(readProducts(`sku,name\n${'1,\n'.repeat(25_001)}`, 2))).code, 'body_too_large');
  t.strictSame((await readProducts(`sku,name,${'('.repeat(40_000)}\n1,2,3`, 2)).good.map(({ product }) => product), [{ sku: '1', name: '2' }]);
  const spaced = `1${' '.repeat(40_000)}2`;
  t.strictSame((await readProducts(`sku,name,price,stock,barcode\n1,b,${spaced}\n2,b,,${spaced}\n3,b,,,${spaced}\n${spaced},b`, 2)).refused.map(({ code }) => code),
    ['price_invalid', 'stock_invalid', 'barcode_invalid', 'too_long']);
  const many = await products.import(Buffer.from(`sku,name,price\n${',,x\n'.repeat(1_000)}`), null);
  t.strictSame([many.refusedLines, many.refused.length, many.sample], [1_000, 500, []], 'all lines are counted, as many problems as can be read are told');

  const lines = Array.from({ length: 3_000 }, (_, at) => `A-${at},Watch ${at},${at},${690_000 + at}`);
  const file = Buffer.from(['sku,name,price,barcode', ...lines].join('\n'));
  let turns = 0;
  const turning = setInterval(() => { turns += 1; }, 0);
  t.match(await products.import(file), { added: 3_000, refused: [] });
  clearInterval(turning);
  t.ok(turns > 3, 'the box was not held up');
  t.equal(products.search('Watch 2999', 1)[0]!.sku, 'A-2999');
});

t.test('two files at once, the list changed by hand meanwhile, barcodes handed on: as if one came after the other', async (t) => {
  const { products } = openRooms(t);
  const file = (...lines: string[]) => Buffer.from(['sku,name,barcode', ...lines].join('\n'));
  await products.import(file('A,a,1', 'B,b,2'));
  t.match(await products.import(file('A,a,3', 'B,b,1', 'C,c,2', 'D,d,1', 'E　,e,5')), { added: 2, changed: 2, refused: [{ line: 5, code: 'barcode_taken' }] });
  t.equal(products.byCode('1')!.sku, 'B');
  t.equal(products.byCode('5')!.sku, 'E', 'a wide space is a space');
  const both = [products.import(file('F,f,6')), products.import(file('F,ff,7', 'G,g,6'))];
  products.create({ sku: 'H', name: 'h', barcode: '7' });
  t.match(await Promise.all(both), [{ added: 1, refused: [] }, { added: 0, refused: [{ code: 'barcode_taken' }, { code: 'barcode_taken' }] }]);
});

t.test('found by parts of every kind, the exact number first; hidden ones only by their id', async (t) => {
  const { products, clock } = openRooms(t);
  const add = (sku: string, name: string, brand: string | null, category: string | null, barcode: string | null = null) => products.create({ sku, name, brand, category, barcode });
  const moon = add('L-100', '月相自动机械腕表', '浪琴', '腕表', '6901234567892');
  const strap = add('L-1001', '表带 20%_款', '浪琴', '配件');
  const ring = add('R-7', 'Ring "Étoile"', 'Cartier', '戒指');
  const found = (query: string, limit = 9) => products.search(query, limit).map(({ id }) => id);
  t.strictSame(found('月相'), [moon.id]);
  t.strictSame(found('浪琴 表带'), [strap.id], 'every word, wherever it stands');
  t.strictSame(found('l-100'), [moon.id, strap.id]);
  t.strictSame(found('L-1001'), [strap.id]);
  t.strictSame(found('6901234567892'), [moon.id]);
  t.strictSame(found('ｃａｒｔｉｅｒ'), [ring.id], 'full width');
  t.strictSame(found('20%_'), [strap.id], 'signs stand for themselves');
  t.strictSame(found('%'), [strap.id]);
  t.strictSame(found('没有这个'), []);
  t.equal(found('', 2).length, 2);
  t.equal(products.byCode('l-100')!.id, moon.id);
  t.equal(products.byCode('nothing'), null);

  t.throws(() => add('L-100', '又一个', null, null), { code: 'product_sku_taken' });
  t.throws(() => products.change(ring.id, { barcode: '6901234567892' }), { code: 'product_barcode_taken' });
  t.match(products.change(ring.id, { priceMinor: 5, inStock: false }), { name: 'Ring "Étoile"', priceMinor: 5, inStock: false, arrivedAt: null });
  clock.move(1_000);
  t.match(products.arrived(ring.id), { inStock: true, arrivedAt: new Date(clock.now()).toISOString() });
  products.remove(moon.id);
  t.strictSame(found('月相'), []);
  t.equal(products.byCode('6901234567892'), null);
  t.equal(products.find(moon.id)!.name, moon.name, 'what was bought keeps its name');
  for (const work of [() => products.byId(moon.id), () => products.change(moon.id, { name: 'x' }), () => products.arrived(moon.id)]) t.throws(work, { code: 'product_not_found' });
  t.equal(add('L-100', '新一代', '浪琴', '腕表').id, moon.id, 'the number that was taken off comes back under its id');
});

t.test('UPC-A and EAN-13 with a zero before it are one number, whichever was written and whichever is read', async (t) => {
  const { products } = openRooms(t);
  const upc = products.create({ sku: 'U', name: 'u', barcode: '036000291452' });
  t.equal(upc.barcode, '0036000291452');
  t.throws(() => products.create({ sku: 'V', name: 'v', barcode: '0036000291452' }), { code: 'product_barcode_taken' });
  t.match(await products.import(Buffer.from('sku,name,barcode\nW,w,036000291452\nX,x,036000291453')), { added: 1, refused: [{ line: 2, code: 'barcode_taken' }] });
  for (const read of ['036000291452', '0036000291452']) t.strictSame([products.byCode(read)?.sku, products.search(read, 1)[0]?.sku], ['U', 'U'], read);
  t.equal(products.byCode('036000291453')!.barcode, '036000291453', 'twelve digits of another kind');
  products.create({ sku: '036000291452', name: 'z' });
  products.create({ sku: '036000291452-B', name: 'a' });
  t.strictSame(products.search('036000291452', 9).map(({ sku }) => sku), ['U', '036000291452', '036000291452-B'], 'a number of the store\'s that looks like one is exact too');
});

t.test('among equals by name, whenever it was read: in pieces, at the first search, or written later', async (t) => {
  const { products, db, clock, events } = openRooms(t);
  const names = Array.from({ length: 450 }, (_, n) => `表${String((n * 199) % 450).padStart(3, '0')}`);
  await products.import(Buffer.from(['sku,name', ...names.map((name, n) => `S-${n},${name}`)].join('\n')));
  const again = (): Products => new Products({ db, clock, events, currency: 'CNY' });
  const sorted = [...names].sort();
  const [lazy, read] = [again(), again()];
  t.strictSame(lazy.search('表', 1_000).map(({ name }) => name), sorted, 'at the first search');
  let pieces = 0;
  await read.shelve(() => pieces++ === 1); // stopped after the first
  t.equal(pieces, 2);
  read.create({ sku: 'late', name: '表0000' });
  const hidden = read.byCode('S-0')!;
  read.remove(hidden.id);
  await read.shelve(() => false);
  const expected = [...sorted.filter((name) => name !== hidden.name), '表0000'].sort();
  t.strictSame(read.search('表', 1_000).map(({ name }) => name), expected);
  t.strictSame(read.search('表', 3).map(({ name }) => name), expected.slice(0, 3));
  t.equal(read.search('s-7', 2)[0]!.sku, 'S-7', 'the exact number first, of however many');
});
