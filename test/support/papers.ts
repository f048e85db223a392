/** Made-up data for papers. */
import { NOTICE_FIELDS, PURPOSES, type AccessCopy, type Assessment, type Breach, type ConsentEvidence, type Deletion, type Language } from '../../appliance/contract/index.js';
import { Signer } from '../../appliance/papers/index.js';
import { builtInNotice } from '../../appliance/consent/notice.js';
import { openStorage } from '../../appliance/storage/index.js';
import type { Test } from 'tap';
import { temporaryDirectory, TestClock } from './scratch.js';

export const STORE = { storeName: '和平路旗舰店', timeZone: 'Asia/Shanghai' } as const;
export const SEAL = 'ab'.repeat(32);
const AT = '2026-03-05T16:30:22.123Z'; // the 6th in Shanghai
const id = (n: number) => `0b6f7d3e-1c2a-4d5e-8f90-${String(n).padStart(12, '0')}`;

/** A signer on a real encrypted file. */
export function openSigner(t: Test, dataDirectory = temporaryDirectory(t)) {
  const clock = new TestClock();
  const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock });
  let open = true;
  const close = () => { if (open) storage.close(); open = false; };
  t.teardown(close);
  return { signer: new Signer({ db: storage.db, clock }), db: storage.db, clock, close, dataDirectory };
}

export function evidence(change: Partial<ConsentEvidence> = {}): ConsentEvidence {
  const language: Language = change.language ?? 'zh-CN';
  const text = builtInNotice(STORE.storeName)[language];
  return {
    id: id(1), noticeVersion: 3, language, purposes: ['recognise', 'greet'], givenAt: AT, validUntil: '2027-03-05', endedAt: null, endReason: null,
    witness: '李店长', guardian: null, seal: SEAL, outdated: false, customerId: id(2), displayName: '王晓安', device: '前台 iPad',
    notice: { id: id(3), hash: 'cd'.repeat(32), publishedAt: AT, text: NOTICE_FIELDS.map((field) => ({ field, text: text[field] })) },
    signature: { width: 600, height: 200, strokes: [[0, 1, 2, 3, 4].map((i) => ({ x: 80 + 60 * i, y: i % 2 === 0 ? 60 : 140, t: i * 90 })), [{ x: 400, y: 50, t: 900 }]] },
    ...change,
  };
}

export function deletion(change: Partial<Deletion> = {}): Deletion {
  return {
    id: id(4), customerId: id(2), scope: 'face', reason: 'withdrawn', purposes: [...PURPOSES], requestedAt: AT, completedAt: '2026-03-05T16:30:23.001Z', templatesDeleted: 1,
    keyDestroyed: true, ...change,
  };
}

export function assessment(change: Partial<Assessment> = {}): Assessment {
  return {
    id: id(5), mode: 'fixed_station', reason: 'first', purpose: '到店时认出已同意的顾客。', impact: '误认会打扰人。', risks: '设备可能被盗。', measures: '加密，分权，留痕。',
    conclusion: '每年复评。', acceptable: true, recordedAt: AT, by: '陈隐私', hash: SEAL, keepUntil: '2029-03-06', snapshot: { noticeVersion: 3, storedPersons: 812, mode: 'opt_in', note: null }, ...change,
  };
}

export function breach(change: Partial<Breach> = {}): Breach {
  return {
    id: id(6), drill: false, happenedFrom: AT, happenedTo: '2026-03-05T18:00:00.000Z', discoveredAt: '2026-03-06T01:00:00.000Z', kinds: ['template', 'contact'],
    cause: '门店盒在夜间被盗。', harm: '电话可能被用于诈骗。', measures: '已报警并更换设备。', selfHelp: '警惕冒充门店的来电。', contact: '隐私负责人陈女士 010-5555-1234',
    recordedAt: '2026-03-06T02:00:00.000Z', by: '陈隐私', affected: 812, unreachable: 14, noticeDueAt: '2026-03-09T01:00:00.000Z', ...change,
  };
}

const NO_FIELDS = {
  memberNo: null, points: 0, email: null, wechat: null, contactBy: [], contactWhen: null, contactNever: false, allergies: [], likes: [], dislikes: [], sizes: [], dates: [], companions: [],
};
const NO_MORE = { tags: [], memberCodeSince: null, fields: [], formerFields: [], emptiedFields: [], tastes: [], wishes: [], purchases: [], tickets: [], appointments: [], files: [] };
/** One of each. */
const DEALINGS = {
  wishes: [{ id: id(21), productId: null, text: '月相盘腕表', at: AT, by: '小周', arrivedAt: AT, ended: { at: AT, outcome: 'bought' as const } }],
  purchases: [{
    id: id(22), productId: null, text: '鳄鱼皮表带', quantity: 2, amountMinor: 256_000, receiptNo: 'R-17', at: AT, by: '小周', takeBackUntil: AT, visitId: null, returned: 1,
    returns: [{ id: id(23), quantity: 1, amountMinor: 128_050, at: AT, by: '小周' }],
  }],
  tickets: [{ id: id(24), subject: '换电池', detail: '后盖有划痕', state: 'ready' as const, dueOn: '2026-04-02', at: AT, by: '小周', changedAt: AT, doneAt: null }],
  appointments: [{ id: id(25), at: AT, minutes: 30, subject: '试戴', adviser: { id: id(26), name: '小吴' }, state: 'kept' as const, madeAt: AT, by: '小周' }],
  files: [{ id: id(27), name: '保修卡', mime: 'application/pdf' as const, bytes: 90_500, at: AT, by: '小周' }],
};

export function accessCopy(change: Partial<AccessCopy> = {}): AccessCopy {
  return {
    madeAt: AT, storeName: STORE.storeName, currency: 'CNY',
    dossier: {
      id: id(2), displayName: '王晓安', salutation: '王女士', phone: '13800001234', tier: '金卡', facts: ['喜欢靠窗'], doNot: ['对镍过敏'], ...NO_FIELDS, createdAt: AT, enrolled: true,
      templatePhotos: 3, template: { state: 'ok', photos: [{ source: 'refresh', takenAt: AT, confirmedBy: '小周' }], photosKept: true, stricterUntil: null }, merges: [{ id: id(11), displayName: '王小安', at: AT, by: '李店长' }], restrictedSince: null, openVisitId: null, suggestion: null,
      notes: [{ id: id(7), text: '想等小号到货。', author: '李店长', at: AT }], followUps: [{ id: id(8), text: '到货后联系', dueOn: '2026-04-01', author: '小周', at: AT, doneAt: null }],
      visits: [{ id: id(9), openedAt: AT, lastSeenAt: AT, closedAt: AT, endReason: 'left', arrival: 'recognised', adviser: '小周',
        services: [{ by: { id: id(3), name: '小周' }, from: AT, to: AT, handedOver: { to: null, note: '预算两万' } }],
        stages: [{ stage: 'attract', at: AT, by: null }], looks: [{ id: id(12), productId: id(13), productName: '银色腕表', beganAt: AT, endedAt: AT }] }], consents: [], ...NO_MORE, ...DEALINGS,
    },
    companionOf: [{ name: '晓安', relation: '表妹' }],
    ownFields: [{
      name: { 'zh-CN': '戒指尺寸', en: 'Ring size' }, value: { number: 14.5 }, at: AT, by: '小周',
      history: [{ before: null, after: { number: 14 }, at: AT, by: '小周' }, { before: { number: 14 }, after: { number: 14.5 }, at: AT, by: '小周' }],
    }],
    consents: [evidence()], refusals: [{ customerId: id(2), refusedAt: AT, notBefore: AT }], deletions: [deletion()],
    explanations: [{ visitId: id(9), at: AT, outcome: 'named', score: 0.6123, threshold: 0.487, templateMadeAt: AT, templatePhotos: 3, modelPack: 'm', judgedBy: null }],
    requests: [{ id: id(10), customerId: id(2), displayName: null, kind: 'access', receivedOn: '2026-03-01', dueOn: '2026-03-31', overdue: false, note: '要全部资料', closed: null }],
    restriction: { restricted: false, since: null, reason: null }, formerDossiers: [{ displayName: '王小安', salutation: null, phone: '13900005678', tier: null, facts: ['左撇子'], doNot: [], ...NO_FIELDS, mergedAt: AT }],
    opened: [{ at: AT, staff: '小周', reason: 'visit' }], log: [{ at: AT, action: 'consent_given' }],
    ...change,
  };
}
