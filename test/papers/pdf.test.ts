/** The papers, read back as others read them: text, font, QR codes, pages. */
import t from 'tap';
import { LANGUAGES, PURPOSES, type Deletion, type Language } from '../../appliance/contract/index.js';
import {
  accessCopyPdf, assessmentPdf, breachNoticesPdf, consentCopyPdf, deletionReceiptPdf, LETTERS_MAX, receiptUrl, signDeletion,
} from '../../appliance/papers/index.js';
import { afterwards, deleted, FIELD_NAMES, PURPOSE_DETAILS, PURPOSE_NAMES, RESTED } from '../../appliance/papers/words.js';
import { en } from '../../webui/src/i18n/en.js';
import { receiptWords } from '../../webui/src/i18n/receipt.js';
import { deletedWords } from '../../webui/src/receipt/verify.js';
import { zhCN } from '../../webui/src/i18n/zh-CN.js';
import { accessCopy, assessment, breach, deletion, evidence, openSigner, SEAL, STORE } from '../support/papers.js';
import { readPdf } from '../support/pdf.js';

const KID = 'k'.repeat(43);
const LINK = 'https://192.168.1.20/mine#Zk3pQx9b7Wq2LmN8vT4sRj6yHc1dFg5a';
const squeeze = (text: string) => text.replace(/\s+/g, '');
const consentCopy = (change = {}, language: Language = 'zh-CN') => consentCopyPdf({ ...STORE, consent: evidence(change), ownLink: LINK, kid: KID }, language);

t.test('C5: the copy of a consent shows the notice as read, each purpose, the signature, who, when, and what proves it', async (t) => {
  for (const language of LANGUAGES) {
    const consent = evidence({ language });
    const { squeezed, embeddedFonts, qrCodes, strokes, pages } = await readPdf(await consentCopy({ language }, language));
    for (const { text } of consent.notice.text) t.ok(squeezed.includes(squeeze(text)), text.slice(0, 20));
    for (const purpose of PURPOSES) t.ok(squeezed.includes(squeeze(PURPOSE_NAMES[language][purpose])), purpose);
    for (const fact of ['王晓安', '李店长', '前台iPad', consent.id, consent.customerId, SEAL, consent.notice.hash, KID]) t.ok(squeezed.includes(fact), fact);
    t.ok(squeezed.includes(language === 'en' ? '6Mar2026,00:30:22' : '2026年3月6日00:30:22'), 'the time in the store, not in UTC');
    t.strictSame(embeddedFonts.length, 1);
    t.match(embeddedFonts[0], /NotoSansSC/);
    t.strictSame(qrCodes, [LINK], 'the code leads to the customer\'s own page');
    t.ok(strokes[0]! > PURPOSES.length, 'boxes, ticks and the signature are drawn');
    t.ok(squeezed.includes(language === 'en' ? `Page1of${pages.length}` : `第1页，共${pages.length}页`));
  }
});

t.test('C5: more purposes ticked, another signature, or a guardian make another paper; the same data the same bytes', async (t) => {
  const first = await consentCopy();
  t.ok(first.equals(await consentCopy()), 'same bytes');
  const ticks = async (change: Parameters<typeof evidence>[0]) => (await readPdf(await consentCopy(change))).strokes[0]!;
  const base = await ticks({});
  t.equal(await ticks({ purposes: ['recognise', 'greet', 'contact'] }), base + 1, 'one more tick');
  t.equal(await ticks({ signature: { width: 600, height: 200, strokes: [[{ x: 1, y: 1, t: 0 }, { x: 99, y: 99, t: 9 }]] } }), base - 1, 'one stroke fewer');
  const guarded = await readPdf(await consentCopy({ guardian: { name: '王大明', relation: 'father' } }));
  t.ok(guarded.squeezed.includes('监护人王大明（父亲），代未满十四周岁的顾客签署'));
  const ended = await readPdf(await consentCopy({ endedAt: '2026-03-07T01:00:00.000Z', endReason: 'withdrawn' }));
  t.ok(ended.squeezed.includes('已撤回（2026年3月7日09:00:00）'));
});

t.test('C5: what the paper calls the purposes and parts of the notice is what the customer read on the screen', async (t) => {
  for (const [language, page] of [['zh-CN', zhCN], ['en', en]] as const) {
    t.strictSame(PURPOSE_NAMES[language], page.consent.purpose);
    t.strictSame(PURPOSE_DETAILS[language], page.consent.purposeMore);
    t.strictSame(FIELD_NAMES[language], page.enrol.field);
  }
});

t.test('a character that the font lacks, or that cannot be seen, stands there as its number and is listed', async (t) => {
  const { squeezed } = await readPdf(await consentCopy({ displayName: '王𠮷\u202e安', witness: '😀\u0007' }));
  t.ok(squeezed.includes('王[U+20BB7][U+202E]安'));
  t.ok(squeezed.includes('[U+1F600][U+0007]'));
  t.ok(squeezed.includes('没有省略：U+20BB7U+202EU+1F600U+0007'));
  t.notOk((await readPdf(await consentCopy())).squeezed.includes('没有省略'), 'only then');
});

t.test('a receipt carries its statement as a link in a QR code, as an attachment and as text, and no name', async (t) => {
  const { signer } = openSigner(t);
  const jws = await signDeletion(signer, STORE.storeName, deletion(), { seq: 1234, hash: SEAL });
  const url = receiptUrl('https://192.168.1.20', jws);
  for (const language of LANGUAGES) {
    const data = { ...STORE, deletion: deletion(), jws, url, kid: signer.kid() };
    const bytes = await deletionReceiptPdf(data, language);
    const { squeezed, qrCodes, attachments, info } = await readPdf(bytes);
    t.strictSame(qrCodes, [url]);
    t.strictSame(attachments, { 'receipt.jws': jws });
    t.ok(squeezed.includes(jws), 'as text');
    t.ok(squeezed.includes(signer.kid()));
    t.equal(info['CreationDate'], 'D:20260305163023Z');
    t.ok(bytes.equals(await deletionReceiptPdf(data, language)), 'same bytes');
    t.notOk(/王|138/.test(squeezed.replaceAll(jws, '')), 'no name, no number');
  }
  await t.rejects(signDeletion(signer, '店', deletion({ completedAt: null }), { seq: 1, hash: SEAL }), { code: 'deletion_pending' });
});

t.test('C11: a receipt claims of backups, and of what is kept, what is true of this deletion alone', async (t) => {
  const { signer } = openSigner(t);
  const data = { ...STORE, jws: await signDeletion(signer, STORE.storeName, deletion(), { seq: 1, hash: SEAL }), url: 'https://x/receipt#x', kid: signer.kid() };
  const says = {
    'zh-CN': {
      allUseless: /备份里的人脸数据任何人都解不开/, someUseless: /这部分数据任何人都解不开/, templateStays: /模板(及其密钥)?照旧保留/, none: /没有这位顾客的人脸数据，也没有相应的密钥/,
      noKey: /没有要销毁的密钥/, namesStay: /称呼、电话、备注等没有专用密钥/, consentKept: /和证明您曾经同意的记录/, consentGone: /证明您曾经同意的记录也已一并删除/,
      version: /本版本的门店盒所做的备份/, limits: /升级到本版本之前做的备份；连同密钥一起复制的整盘镜像/,
    },
    en: {
      allUseless: /nobody can decrypt the face data in these backups/, someUseless: /nobody can decrypt that part/, templateStays: /so it stays/, none: /held no face data of this customer and no key/,
      noKey: /there was no key to destroy/, namesStay: /phone number, notes and the like have no key/, consentKept: /and the record that proves that you once agreed/,
      consentGone: /records that you once agreed are deleted too/, version: /backups made by this version/, limits: /before the box had this version, and copies of the whole disk/,
    },
  };
  type Claim = keyof typeof says.en;
  const cases: [Partial<Deletion>, Claim[]][] = [
    [{ scope: 'face', keyDestroyed: true }, ['allUseless', 'consentKept', 'version', 'limits']],
    [{ scope: 'face', keyDestroyed: false, templatesDeleted: 0 }, ['none', 'consentKept', 'version', 'limits']],
    [{ scope: 'dossier', reason: 'erased', keyDestroyed: true }, ['allUseless', 'namesStay', 'consentGone', 'version', 'limits']],
    [{ scope: 'dossier', reason: 'erased', keyDestroyed: false, templatesDeleted: 0 }, ['none', 'namesStay', 'consentGone', 'version', 'limits']],
    [{ scope: 'purposes', reason: 'narrowed', keyDestroyed: true, templatesDeleted: 0 }, ['someUseless', 'templateStays', 'consentKept', 'version', 'limits']],
    [{ scope: 'purposes', reason: 'narrowed', keyDestroyed: false, templatesDeleted: 0 }, ['noKey', 'templateStays', 'consentKept', 'limits']],
  ];
  for (const language of LANGUAGES) {
    const onThePage = new Set<string>();
    for (const [change, claims] of cases) {
      const made = deletion(change);
      const { backups, kept } = afterwards(language, made);
      const said = [...backups, kept].join('\n');
      const claimed = Object.entries(says[language]).filter(([, words]) => words.test(said)).map(([claim]) => claim);
      t.strictSame(claimed.sort(), [...claims].sort(), `${language} ${made.scope} ${made.keyDestroyed}`);
      const { squeezed, pages } = await readPdf(await deletionReceiptPdf({ ...data, deletion: made }, language));
      t.ok(pages.length <= 2, `${pages.length} pages`);
      t.ok(pages.some((page) => /怎样核对.*说明纸面被改动过|Howtocheckthisreceipt.*thepaperwasaltered/.test(squeeze(page))), 'how to check it is on one page, beside the code');
      for (const text of [deleted(language, made), ...backups, kept]) t.ok(squeezed.includes(squeeze(text)), text.slice(0, 30));
      onThePage.add(receiptWords[language].keys[made.scope][made.keyDestroyed ? 'destroyed' : 'none']);
    }
    t.equal(onThePage.size, cases.length, 'the page tells them apart too');
    // What went, by purpose: as much as the statement names, on the paper and on the page.
    const { rested, scopes, and } = receiptWords[language];
    for (const [change, outside] of [
      [{ scope: 'face' }, ['preferences', 'contact']], [{ scope: 'face', reason: 'merged' }, []], [{ scope: 'dossier', purposes: [] }, []],
      [{ scope: 'purposes', purposes: ['preferences'] }, ['preferences']], [{ scope: 'purposes', purposes: ['greet', 'contact', 'keep_photo'] }, ['greet', 'contact', 'keep_photo']],
    ] as const) {
      const made = deletion(change as Partial<Deletion>);
      const words = deleted(language, made);
      const named = Object.entries(RESTED[language]).filter(([purpose, text]) => words.includes(text) && (purpose !== 'keep_photo' || made.scope === 'purposes'));
      t.strictSame(named.map(([purpose]) => purpose), [...outside], words);
      t.strictSame(deletedWords(made), [...(made.scope === 'purposes' ? [] : [`scopes.${made.scope}`]), ...outside.map((purpose) => `rested.${purpose}`)]);
      t.equal(afterwards(language, made).backups.length, outside.some((purpose) => purpose === 'preferences' || purpose === 'contact') ? 4 : 3);
    }
    t.strictSame(deletedWords({ scope: 'purposes', reason: 'narrowed' }), ['scopes.purposes'], 'a receipt from before');
    t.strictSame(Object.keys(rested), Object.keys(RESTED[language]));
    t.ok(Object.values(scopes).every(Boolean) && and !== '');
  }
});

t.test('an access copy holds everything, however long, over numbered pages', async (t) => {
  const base = accessCopy();
  const visits = Array.from({ length: 120 }, () => base.dossier.visits[0]!);
  const long = '很长的备注。'.repeat(600);
  const copy = accessCopy({ dossier: { ...base.dossier, visits, notes: [{ ...base.dossier.notes[0]!, text: long }] } });
  for (const language of LANGUAGES) {
    const { pages } = await readPdf(await accessCopyPdf({ copy, timeZone: STORE.timeZone, currency: 'CNY' }, language));
    t.ok(pages.length > 4, `${pages.length} pages`);
    // The footers stand between what goes on over a page.
    const body = pages.map((page) => page.slice(0, page.lastIndexOf(STORE.storeName))).join('').replace(/\s+/g, '');
    t.ok(body.includes(long), 'a note of 3,600 characters, over its pages');
    t.equal(body.split(language === 'en' ? 'adviser:小周' : '顾问：小周').length - 1, visits.length);
    for (const fact of ['王晓安', '13800001234', '金卡', '喜欢靠窗', '对镍过敏', '到货后联系', '0.612', '0.487', '要全部资料', '小周', '王小安', '预算两万', '银色腕表', '月相盘腕表', '鳄鱼皮表带', 'R-17', '后盖有划痕', '试戴', '小吴', '保修卡']) t.ok(body.includes(fact), fact);
    for (const amount of ['2,560.00', '1,280.50']) t.ok(body.includes(amount), amount);
    for (const [index, page] of pages.entries()) {
      t.ok(squeeze(page).includes(language === 'en' ? `Page${index + 1}of${pages.length}` : `第${index + 1}页，共${pages.length}页`));
    }
  }
});

t.test('an impact assessment has its four contents, verdict, snapshot and checksum', async (t) => {
  for (const language of LANGUAGES) {
    const one = assessment({ measures: '加密。\n分权。', acceptable: false });
    const { squeezed } = await readPdf(await assessmentPdf({ ...STORE, assessment: one }, language));
    for (const text of [one.purpose, one.impact, one.risks, '加密。分权。', one.conclusion, one.by, one.hash, 'storedPersons812']) t.ok(squeezed.includes(text), text);
    t.ok(squeezed.includes(language === 'en' ? 'mustnotgoon' : '不得按所述方式处理'));
  }
});

t.test('C24: a breach makes a report to the authority and a letter to each person with all that PIPL 57 asks for', async (t) => {
  const told = breach();
  for (const language of LANGUAGES) {
    const { pages } = await readPdf(await breachNoticesPdf({ ...STORE, breach: told, addressees: ['王女士', '李先生'] }, language));
    t.equal(pages.length, 3);
    for (const page of pages.map(squeeze)) {
      for (const text of [told.cause, told.harm, told.measures, told.selfHelp, squeeze(told.contact)]) t.ok(page.includes(text), text);
      t.ok(page.includes(language === 'en' ? 'Facetemplate(sensitive' : '人脸模板（敏感个人信息）'));
      t.notOk(/DRILL|演练/.test(page), 'a real one');
    }
    t.ok(squeeze(pages[0]!).includes('812'));
    t.ok(pages[1]!.includes('王女士') && pages[2]!.includes('李先生'));
    t.notOk(pages[1]!.includes('李先生'), 'nobody reads of another');
  }
});

t.test('C24: a drill says so on every page, and beyond a bound there is one general letter', async (t) => {
  const drill = await readPdf(await breachNoticesPdf({ ...STORE, breach: breach({ drill: true, cause: '很长的经过。'.repeat(500) }), addressees: ['王女士'] }, 'zh-CN'));
  t.ok(drill.pages.length > 3);
  for (const page of drill.pages) t.match(page, /演练.*DRILL/);
  const general = await readPdf(await breachNoticesPdf({ ...STORE, breach: breach(), addressees: Array.from({ length: LETTERS_MAX + 1 }, (_, i) => `顾客${i}`) }, 'zh-CN'));
  t.equal(general.pages.length, 2);
  t.match(general.pages[1], /尊敬的顾客：/);
});
