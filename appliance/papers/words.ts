/** Words that several papers share. Names of purposes and of the notice's parts are those of the page: the paper shows what was read. */
import type { ConsentEvidence, Deletion, Language, Purpose } from '../contract/index.js';

type Words<K extends string> = Record<Language, Record<K, string>>;

export const PURPOSE_NAMES: Words<Purpose> = {
  'zh-CN': {
    recognise: '到店时认出我', greet: '在前台屏幕上用称呼问候我', preferences: '记录我的偏好，用于接待', contact: '用我留的方式联系我',
    keep_photo: '保留录入照片', refresh: '到店时更新人脸模板',
  },
  en: {
    recognise: 'Recognise me when I come in', greet: 'Greet me by name on the front-desk screen', preferences: 'Note my preferences to look after me',
    contact: 'Contact me the way I asked', keep_photo: 'Keep my enrolment photos', refresh: 'Keep my template current',
  },
};

export const PURPOSE_DETAILS: Words<Purpose> = {
  'zh-CN': {
    recognise: '用摄像头生成人脸模板并比对，这样我来时店员就知道。录入人脸需要勾选这一项。',
    greet: '屏幕会显示我的称呼，旁边的人也可能看到。',
    preferences: '店员写下我喜欢什么、不喜欢什么。',
    contact: '比如到货、预约时通知我。',
    keep_photo: '录入时的照片加密保存，门店盒换识别模型时不用再拍。',
    refresh: '店员确认是我的到店画面可用来更新模板，画面不保存。',
  },
  en: {
    recognise: 'A camera makes a face template and compares it, so that the staff know I am here. Needed to enrol a face.',
    greet: 'The screen shows my name; people beside me may see it.',
    preferences: 'Staff write down what I like and do not like.',
    contact: 'For example when something has arrived, or for an appointment.',
    keep_photo: 'Stored encrypted, so that I need no new photos when the recognition models change.',
    refresh: 'Sightings that staff confirmed as me improve the template; the pictures are not kept.',
  },
};

export const FIELD_NAMES: Words<ConsentEvidence['notice']['text'][number]['field']> = {
  'zh-CN': {
    handler: '谁来处理', contact: '怎么联系', purpose: '做什么用', method: '怎么处理', kinds: '处理哪些信息', retention: '保存多久，到期怎么办',
    necessity: '为什么需要', impact: '对您有什么影响', rights: '您有哪些权利',
  },
  en: {
    handler: 'Who handles it', contact: 'How to reach us', purpose: 'What it is for', method: 'How it is done', kinds: 'What data',
    retention: 'How long, and what happens then', necessity: 'Why it is needed', impact: 'What it means for you', rights: 'Your rights',
  },
};

export const LANGUAGE_NAMES: Words<Language> = {
  'zh-CN': { 'zh-CN': '中文', en: '英文' },
  en: { 'zh-CN': 'Chinese', en: 'English' },
};

export const END_REASONS: Words<NonNullable<ConsentEvidence['endReason']>> = {
  'zh-CN': { withdrawn: '已撤回', expired: '已到期', replaced: '已由新的同意替代' },
  en: { withdrawn: 'withdrawn', expired: 'expired', replaced: 'replaced by a new consent' },
};

/** What a deletion took away. */
export const SCOPES: Words<Deletion['scope']> = {
  'zh-CN': {
    face: '人脸模板、留存的录入照片、比对分数',
    dossier: '顾客档案的全部内容，包括人脸模板、留存的录入照片、备注、跟进和到店记录',
    purposes: '所取消的用途所依据的数据',
  },
  en: {
    face: 'Face template, enrolment photos that were kept, match scores',
    dossier: 'The whole dossier, with face template, enrolment photos that were kept, notes, follow-ups and visits',
    purposes: 'What rested on the purposes that were taken back',
  },
};

export const REASONS: Words<Deletion['reason']> = {
  'zh-CN': {
    withdrawn: '顾客撤回同意', expired: '同意到期', narrowed: '顾客取消了部分用途', merged: '两份档案合并', erased: '顾客要求删除', retention: '超过保存期限',
  },
  en: {
    withdrawn: 'The customer withdrew the consent', expired: 'The consent came to its end date', narrowed: 'The customer took back some purposes',
    merged: 'Two dossiers were merged', erased: 'The customer asked for it', retention: 'The retention term was over',
  },
};
