/** Who works and who shops in the demo's store. All of them are invented; the faces are of unrelated stock photos. */
import type { CustomerCreate, Purpose, StaffRequest } from '../appliance/contract/index.js';
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

export interface DemoCustomer {
  fields: CustomerCreate;
  /** What she or he signed for; null: did not agree to recognition, so there is no face. */
  agreed: { purposes: Purpose[]; face: FaceInPhoto } | null;
  /** Oldest first; the first is the day of the dossier and of the consent. */
  visits: readonly { daysAgo: HistoryDay; adviser: AdviserName; note?: string }[];
  /** Written on the day of the last visit. */
  followUp?: { text: string; dueInDays: number };
}

export const CUSTOMERS: readonly DemoCustomer[] = [
  {
    // The one person who is in two photos: enrolled from this one, met by the camera only in sample3.jpg.
    fields: {
      displayName: '顾念慈', salutation: '顾女士', phone: '13900000101', tier: '黑卡',
      facts: ['收藏月相表，已有三枚', '喝乌龙，不加糖', '女儿今年秋天去伦敦读书'], doNot: ['不谈价格折扣'],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample1.jpg', box: [1445, 205, 1693, 446] } },
    visits: [
      { daysAgo: 41, adviser: '陆遥', note: '试戴 36 毫米月相表，觉得表带偏长，想看鳄鱼皮短款。' },
      { daysAgo: 9, adviser: '陆遥', note: '表带已量好：上 105 下 65。' },
    ],
    followUp: { text: '短款鳄鱼皮表带到货后，请她来试', dueInDays: 2 },
  },
  {
    fields: {
      displayName: '白若琳', salutation: '白女士', phone: '13900000102', tier: '金卡',
      facts: ['喜欢小表径，28 至 32 毫米', '常在周末午后来', '送过母亲一枚石英表'], doNot: ['对镍过敏，勿试不锈钢表扣'],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample5.jpg', box: [371, 861, 568, 1177] } },
    visits: [
      { daysAgo: 33, adviser: '许宁', note: '看中珍珠母贝表盘，金表扣可以，钢的不行。' },
      { daysAgo: 17, adviser: '许宁' },
    ],
    followUp: { text: '问母亲的石英表是否要换电池', dueInDays: 5 },
  },
  {
    fields: {
      displayName: '苏棠', salutation: '苏小姐', phone: '13900000103', tier: '银卡',
      facts: ['第一枚表在本店买', '跑步，喜欢橡胶表带', '在附近的律所上班'], doNot: [],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences'], face: { photo: 'sample5.jpg', box: [789, 96, 953, 328] } },
    visits: [{ daysAgo: 26, adviser: '陆遥', note: '生日前后想换一枚能游泳戴的。' }, { daysAgo: 3, adviser: '许宁' }],
  },
  {
    fields: {
      displayName: '纪云舒', salutation: '纪女士', phone: '13900000104', tier: '黑卡',
      facts: ['只看机械表，懂机芯', '先生姓唐，常一同来', '喜欢坐靠窗的位置'], doNot: ['进店先让她自己看，不要跟随'],
    },
    agreed: { purposes: ['recognise', 'preferences', 'contact'], face: { photo: 'sample5.jpg', box: [1414, 390, 1592, 664] } },
    visits: [
      { daysAgo: 41, adviser: '许宁', note: '问过陀飞轮的保养周期，已寄保养手册。' },
      { daysAgo: 17, adviser: '陆遥', note: '唐先生的生日是下个月十二日。' },
    ],
    followUp: { text: '把新款三问表的照片发给她（她说可以发）', dueInDays: 0 },
  },
  {
    fields: {
      displayName: '叶知微', salutation: '叶小姐', phone: '13900000105', tier: '金卡',
      facts: ['偏爱玫瑰金', '左手戴表，腕围 14.5 厘米', '说英语更自在'], doNot: ['不要拍照'],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample6.jpg', box: [1483, 254, 1698, 576] } },
    visits: [{ daysAgo: 26, adviser: '许宁' }, { daysAgo: 9, adviser: '许宁', note: '预留了一枚玫瑰金小三针，留到月底。' }],
    followUp: { text: '预留的玫瑰金小三针，月底前给答复', dueInDays: 8 },
  },
  {
    fields: {
      displayName: '方晓棠', salutation: '方小姐', phone: '13900000106', tier: null,
      facts: ['为婚礼选对表', '婚期在明年五月', '预算她自己会说'], doNot: ['未婚夫不知道，勿打电话到家'],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample6.jpg', box: [668, 329, 841, 624] } },
    visits: [{ daysAgo: 3, adviser: '陆遥', note: '喜欢同系列一大一小，刻字要两周。' }],
    followUp: { text: '准备刻字样稿两份', dueInDays: 1 },
  },
  {
    fields: {
      displayName: '宋以宁', salutation: '宋女士', phone: '13900000107', tier: '金卡',
      facts: ['收藏珐琅表盘', '做室内设计，爱看细节', '喝温水'], doNot: ['不推荐石英表'],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences', 'contact'], face: { photo: 'sample6.jpg', box: [260, 487, 468, 765] } },
    visits: [{ daysAgo: 33, adviser: '陆遥', note: '在展上看过掐丝珐琅，想等限量款。' }, { daysAgo: 9, adviser: '许宁' }],
    followUp: { text: '限量珐琅款到店日期定了就告诉她', dueInDays: 12 },
  },
  {
    fields: {
      displayName: '林语嫣', salutation: '林小姐', phone: '13900000108', tier: '银卡',
      facts: ['戴表为搭配衣服', '喜欢可换的彩色表带', '常买来送朋友'], doNot: [],
    },
    agreed: { purposes: ['recognise', 'greet', 'preferences'], face: { photo: 'sample3.jpg', box: [593, 320, 795, 597] } },
    visits: [{ daysAgo: 17, adviser: '许宁', note: '上次买的薄荷绿表带很满意。' }, { daysAgo: 3, adviser: '许宁' }],
  },
  {
    fields: {
      displayName: '程望', salutation: '程先生', phone: '13900000109', tier: '金卡',
      facts: ['没有同意人脸识别，按姓名或手机号查', '收藏古董怀表', '每季度来保养一次'], doNot: ['不要再问人脸识别'],
    },
    agreed: null,
    visits: [{ daysAgo: 33, adviser: '陆遥', note: '怀表走时偏快，已调校。' }],
    followUp: { text: '下季度保养提醒', dueInDays: 50 },
  },
];

/** Whom the camera may name; everybody else in the photos is a stranger. */
export const ENROLLED_NAMES: readonly string[] = CUSTOMERS.filter(({ agreed }) => agreed !== null).map(({ fields }) => fields.displayName);
