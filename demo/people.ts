/** Who works and who shops in the demo's store. All of them are invented; the faces are of unrelated stock photos. */
import type { CustomerCreate, Purpose, StaffRequest } from '../appliance/contract/index.js';
import { ARRIVED, type OwnValues, type Sku } from './goods.js';
import type { PhotoName } from './samplePhotos.js';

export const STORE_NAME = '山茶手表店 · 演示';
export const OWNER = { name: '沈岚', pin: '246810' } as const;
export const ADVISERS = [
  { name: '陆遥', role: 'associate', pin: '135791' },
  { name: '许宁', role: 'associate', pin: '975313' },
] as const satisfies readonly StaffRequest[];
/** Who looks after consent and rights, and who looks after the box: each sees another part of the page. */
export const BACK_OFFICE = [
  { name: '叶知秋', role: 'privacy_officer', pin: '864209' },
  { name: '丁一', role: 'it', pin: '112358' },
] as const satisfies readonly StaffRequest[];
export type AdviserName = (typeof ADVISERS)[number]['name'];

/** Where a face is in a sample photo; left, top, right, bottom in pixels. */
export interface FaceInPhoto {
  photo: PhotoName;
  box: readonly [left: number, top: number, right: number, bottom: number];
}
/** The days before today on which the store's history happened; each costs two sign-ins. */
export type HistoryDay = 41 | 33 | 26 | 17 | 9 | 3;

/** What was done in a visit, in this order. */
export interface DemoVisit {
  daysAgo: HistoryDay;
  adviser: AdviserName;
  looks?: readonly Sku[];
  note?: string;
  wishes?: readonly Sku[];
  buys?: readonly Sku[];
  /** Ready since yesterday. */
  ticket?: { subject: string; detail: string };
  /** Made for today: so many half-hours after the first of the day's. */
  appointment?: { subject: string; minutes: number; halfHours: number };
}
export interface DemoCustomer {
  fields: CustomerCreate;
  own?: OwnValues;
  birthday?: { inDays: number; year: number };
  /** Came in before and has a dossier here; it is written down on both sides. */
  companion?: { name: string; relation: string; theirRelation: string };
  /** What she or he signed for; null: did not agree to recognition, so there is no face. */
  agreed: { purposes: Purpose[]; face: FaceInPhoto } | null;
  /** Was asked and said no. */
  refused?: true;
  /** Oldest first; the first is the day of the dossier and of the consent. */
  visits: readonly DemoVisit[];
  /** Written on the day of the last visit. */
  followUp?: { text: string; dueInDays: number };
}

export const CUSTOMERS: readonly DemoCustomer[] = [
  {
    // The one person who is in two photos: enrolled from this one, met by the camera only in sample3.jpg.
    fields: {
      displayName: '顾念慈', salutation: '顾女士', phone: '13900000101', tier: '黑卡', memberNo: 'SC-0101', points: 36_800,
      contactBy: ['wechat', 'phone'], contactWhen: '工作日晚上六点以后', wechat: 'guniancidemo',
      facts: ['收藏月相表', '喝乌龙，不加糖', '女儿今年秋天去伦敦读书'], doNot: ['不谈价格折扣'], likes: ['月相', '鳄鱼皮表带'],
      sizes: [{ label: '腕围', value: '15.5 厘米' }, { label: '表带', value: '上 105 下 65' }],
    },
    own: { watches: 3, strap: '鳄鱼皮', budget: 80_000 },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample1.jpg', box: [1445, 205, 1693, 446] } },
    visits: [
      { daysAgo: 41, adviser: '陆遥', looks: ['SC-M36'], note: '试戴 36 毫米月相表，觉得表带偏长，想看鳄鱼皮短款。' },
      { daysAgo: 9, adviser: '陆遥', note: '表带已量好：上 105 下 65。', wishes: ['ST-A105'] },
    ],
    followUp: { text: '短款鳄鱼皮表带到货后，请她来试', dueInDays: 2 },
  },
  {
    fields: {
      displayName: '白若琳', salutation: '白女士', phone: '13900000102', tier: '金卡', memberNo: 'SC-0102', points: 12_400, contactBy: ['phone'],
      facts: ['喜欢小表径，28 至 32 毫米', '常在周末午后来', '送过母亲一枚石英表'], allergies: ['镍：勿试不锈钢表扣'], likes: ['珍珠母贝'], sizes: [{ label: '腕围', value: '14 厘米' }],
    },
    own: { strap: '丝绸' },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample5.jpg', box: [371, 861, 568, 1177] } },
    visits: [
      { daysAgo: 33, adviser: '许宁', looks: ['SC-P32', 'SC-G34'], note: '看中珍珠母贝表盘，金表扣可以，钢的不行。', wishes: ['SC-P32'] },
      { daysAgo: 17, adviser: '许宁', ticket: { subject: '母亲的石英表换电池', detail: '表壳背面有刻字，勿打磨。' } },
    ],
    followUp: { text: '约她母亲一起来看表', dueInDays: 5 },
  },
  {
    fields: {
      displayName: '苏棠', salutation: '苏小姐', phone: '13900000103', tier: '银卡', memberNo: 'SC-0103', points: 2_680, contactBy: ['wechat'],
      facts: ['第一枚表在本店买', '跑步，喜欢橡胶表带', '在附近的律所上班'], doNot: [], dislikes: ['镶钻'], sizes: [{ label: '腕围', value: '15 厘米' }],
    },
    own: { watches: 1, strap: '橡胶', budget: 30_000 },
    birthday: { inDays: 4, year: 1996 },
    agreed: { purposes: ['recognise', 'greet', 'preferences'], face: { photo: 'sample5.jpg', box: [789, 96, 953, 328] } },
    visits: [
      { daysAgo: 26, adviser: '陆遥', looks: ['BC-D40'], note: '生日前后想换一枚能游泳戴的。' },
      { daysAgo: 3, adviser: '许宁', looks: ['BC-D40'], wishes: ['BC-D40'] },
    ],
  },
  {
    fields: {
      displayName: '纪云舒', salutation: '纪女士', phone: '13900000104', tier: '黑卡', memberNo: 'SC-0104', points: 88_000, contactBy: ['phone', 'sms'], contactWhen: '上午',
      facts: ['只看机械表，懂机芯', '先生姓唐，常一同来', '喜欢坐靠窗的位置'], doNot: ['进店先让她自己看，不要跟随'], dislikes: ['石英机芯'], sizes: [{ label: '腕围', value: '15.8 厘米' }],
    },
    own: { watches: 12, strap: '鳄鱼皮' },
    agreed: { purposes: ['recognise', 'preferences', 'contact'], face: { photo: 'sample5.jpg', box: [1414, 390, 1592, 664] } },
    visits: [
      { daysAgo: 41, adviser: '许宁', note: '问过陀飞轮的保养周期，已寄保养手册。' },
      { daysAgo: 17, adviser: '陆遥', looks: ['YS-R38'], note: '唐先生的生日是下个月十二日。', wishes: ['YS-R38'] },
    ],
    followUp: { text: '把新款三问表的照片发给她（她说可以发）', dueInDays: 0 },
  },
  {
    // Her husband: the two have one telephone, and he never enrolled.
    fields: { displayName: '唐亦辰', salutation: '唐先生', phone: '13900000104', sharedPhone: true, tier: '银卡', memberNo: 'SC-0110', facts: ['陪太太来，自己看潜水表'], sizes: [{ label: '腕围', value: '18 厘米' }] },
    companion: { name: '纪云舒', relation: '太太', theirRelation: '先生' },
    agreed: null,
    visits: [{ daysAgo: 17, adviser: '许宁', looks: ['BC-D40'], note: '和纪女士一同来，手机号是两人共用的。' }],
  },
  {
    fields: {
      displayName: '叶知微', salutation: '叶小姐', phone: '13900000105', tier: '金卡', memberNo: 'SC-0105', points: 9_900, contactBy: ['email'], email: 'ye@example.com',
      facts: ['说英语更自在', '常出差，周末在'], doNot: ['不要拍照'], likes: ['玫瑰金'], sizes: [{ label: '腕围', value: '14.5 厘米，戴左手' }],
    },
    own: { strap: '金属', budget: 100_000 },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample6.jpg', box: [1483, 254, 1698, 576] } },
    visits: [
      { daysAgo: 26, adviser: '许宁', looks: ['SC-G34', 'SC-P32'] },
      { daysAgo: 9, adviser: '许宁', looks: ['SC-G34'], note: '预留了一枚玫瑰金小三针，留到月底。', wishes: ['SC-G34'], appointment: { subject: '来取预留的玫瑰金小三针', minutes: 45, halfHours: 0 } },
    ],
    followUp: { text: '预留的玫瑰金小三针，月底前给答复', dueInDays: 8 },
  },
  {
    fields: {
      displayName: '方晓棠', salutation: '方小姐', phone: '13900000106', tier: null, contactBy: ['wechat'],
      facts: ['为婚礼选对表', '婚期在明年五月', '预算她自己会说'], doNot: ['未婚夫不知道，勿打电话到家'],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample6.jpg', box: [668, 329, 841, 624] } },
    visits: [{
      daysAgo: 3, adviser: '陆遥', looks: ['JY-P40', 'JY-P32'], note: '喜欢同系列一大一小，刻字要两周。', wishes: ['JY-P40', 'JY-P32'],
      appointment: { subject: '看刻字样稿', minutes: 30, halfHours: 2 },
    }],
    followUp: { text: '准备刻字样稿两份', dueInDays: 0 },
  },
  {
    fields: {
      displayName: '宋以宁', salutation: '宋女士', phone: '13900000107', tier: '金卡', memberNo: 'SC-0107', points: 15_200, contactBy: ['wechat', 'email'],
      facts: ['收藏珐琅表盘', '做室内设计，爱看细节', '喝温水'], doNot: ['不推荐石英表'], likes: ['珐琅'], sizes: [{ label: '腕围', value: '15.2 厘米' }],
    },
    own: { watches: 5, budget: 150_000 },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample6.jpg', box: [260, 487, 468, 765] } },
    visits: [{ daysAgo: 33, adviser: '陆遥', note: '在展上看过掐丝珐琅，想等限量款。' }, { daysAgo: 9, adviser: '许宁', looks: ['SC-M36'] }],
    followUp: { text: '限量珐琅款到店日期定了就告诉她', dueInDays: 12 },
  },
  {
    fields: {
      displayName: '林语嫣', salutation: '林小姐', phone: '13900000108', tier: '银卡', memberNo: 'SC-0108', points: 1_560, contactBy: ['wechat'],
      facts: ['戴表为搭配衣服', '喜欢可换的彩色表带', '常买来送朋友'], doNot: [],
    },
    own: { strap: '丝绸' },
    agreed: { purposes: ['recognise', 'greet', 'preferences'], face: { photo: 'sample3.jpg', box: [593, 320, 795, 597] } },
    visits: [
      { daysAgo: 26, adviser: '陆遥', looks: ['ST-R20'], buys: ['ST-R20'] },
      { daysAgo: 17, adviser: '许宁', looks: ['ST-S18'], note: '上次买的薄荷绿表带很满意。', buys: ['ST-S18'] },
      { daysAgo: 3, adviser: '许宁', looks: ['ST-R20'] },
    ],
  },
  {
    fields: {
      displayName: '程望', salutation: '程先生', phone: '13900000109', tier: '金卡', memberNo: 'SC-0109', points: 6_400, contactBy: ['phone'],
      facts: ['收藏怀表，第一枚是祖父留下的', '每季度来保养一次', '爱听师傅讲机芯'], doNot: ['旧表不要抛光'],
    },
    own: { watches: 8 },
    agreed: null,
    refused: true,
    visits: [
      { daysAgo: 33, adviser: '陆遥', note: '怀表走时偏快，已调校。', buys: ['SV-01'] },
      { daysAgo: 3, adviser: '陆遥', note: '送来祖父的怀表，走时又偏快。', ticket: { subject: '怀表全套保养', detail: '日差快约四十秒；表壳有旧划痕，勿抛光。' } },
    ],
    followUp: { text: '下季度保养提醒', dueInDays: 90 },
  },
];

/** Who has no face here, and what finds them: the start of the sound of the name, or the end of the number. */
export const FOUND_BY_WORDS = { name: '程望', initials: 'cw', phoneTail: '0109' } as const;

/** Whose card has something to say today, and of what. */
export function namesToday(): Record<'ready' | 'cameIn' | 'birthday' | 'appointment', string[]> {
  const whose = (which: (customer: DemoCustomer) => boolean) => CUSTOMERS.filter(which).map(({ fields }) => fields.displayName);
  return {
    ready: whose(({ visits }) => visits.some(({ ticket }) => ticket !== undefined)),
    cameIn: whose(({ visits }) => visits.some(({ wishes }) => wishes?.some((sku) => ARRIVED.includes(sku)) === true)),
    birthday: whose(({ birthday }) => birthday !== undefined),
    appointment: whose(({ visits }) => visits.some(({ appointment }) => appointment !== undefined)),
  };
}

/** Whom the camera may name; everybody else in the photos is a stranger. */
export const ENROLLED_NAMES: readonly string[] = CUSTOMERS.filter(({ agreed }) => agreed !== null).map(({ fields }) => fields.displayName);
