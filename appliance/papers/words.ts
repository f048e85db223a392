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

const FACE: Record<Language, string> = { 'zh-CN': '人脸模板、留存的录入照片、比对分数', en: 'Face template, enrolment photos that were kept, match scores' };
const DOSSIER: Record<Language, string> = {
  'zh-CN': '顾客档案的全部内容，包括人脸模板、留存的录入照片、同意记录、偏好、备注、跟进和到店记录',
  en: 'The whole dossier, with face template, enrolment photos that were kept, records of consent, preferences, notes, follow-ups and visits',
};
/** What rests on each purpose alone. `greet`: nothing is stored for it. */
export const RESTED: Words<Exclude<Purpose, 'recognise'>> = {
  'zh-CN': {
    greet: '前台屏幕上的问候（没有另存数据，只是不再显示）', preferences: '记录的偏好、不喜欢、要点和尺寸', contact: '未完成的跟进和联系计划',
    keep_photo: '留存的录入照片', refresh: '到店时补充的样貌',
  },
  en: {
    greet: 'greeting on the front-desk screen (nothing is stored for it; it is not shown any more)', preferences: 'likes, dislikes, facts and sizes that were noted',
    contact: 'open follow-ups and plans to contact the customer', keep_photo: 'enrolment photos that were kept', refresh: 'looks added at visits',
  },
};

/** What went that was no face. Of two dossiers of one person it went along, and only the face was deleted. */
function outsideFace({ scope, reason, purposes }: Pick<Deletion, 'scope' | 'reason' | 'purposes'>): Purpose[] {
  return scope === 'dossier' || (scope === 'face' && reason === 'merged') ? [] : purposes.filter((purpose) => purpose === 'preferences' || purpose === 'contact');
}

/** What a deletion took away: as much as it says, and nothing more. */
export function deleted(language: Language, { scope, reason, purposes }: Pick<Deletion, 'scope' | 'reason' | 'purposes'>): string {
  if (scope === 'dossier') return DOSSIER[language];
  const comma = language === 'en' ? '; ' : '；';
  const rested = (of: readonly Purpose[]) => of.flatMap((purpose) => (purpose === 'recognise' ? [] : [RESTED[language][purpose]]));
  if (scope === 'purposes') return rested(purposes).join(comma);
  return [FACE[language], ...rested(outsideFace({ scope, reason, purposes }))].join(comma);
}

export const REASONS: Words<Deletion['reason']> = {
  'zh-CN': {
    withdrawn: '顾客撤回同意', expired: '同意到期', narrowed: '顾客取消或没有同意部分用途', merged: '两份档案合并', erased: '顾客要求删除', retention: '超过保存期限',
  },
  en: {
    withdrawn: 'The customer withdrew the consent', expired: 'The consent came to its end date', narrowed: 'The customer took back some purposes, or did not agree to them',
    merged: 'Two dossiers were merged', erased: 'The customer asked for it', retention: 'The retention term was over',
  },
};

/** What a deletion means for backups, and what is kept after it. By scope, and by whether keys were destroyed. */
const AFTERWARDS: Record<Language, {
  backups: Record<Deletion['scope'], Record<'destroyed' | 'none', string>>; kept: Record<Deletion['scope'], string>; outside: string; restored: string; limits: string;
}> = {
  'zh-CN': {
    backups: {
      face: {
        destroyed: '本版本的门店盒所做的备份里，这位顾客的人脸数据都另用其专用密钥加密。该密钥不进入备份，现已销毁，所以这些备份里的人脸数据任何人都解不开。',
        none: '删除时，门店盒里没有这位顾客的人脸数据，也没有相应的密钥。所以本版本的门店盒所做的备份里，没有能解开的这位顾客的人脸数据。',
      },
      dossier: {
        destroyed: '本版本的门店盒所做的备份里，这位顾客的人脸数据都另用其专用密钥加密。该密钥不进入备份，现已销毁，所以这些备份里的人脸数据任何人都解不开。称呼、电话、备注等没有专用密钥，由门店盒的总密钥加密，会留在旧备份里，直到门店销毁这些备份。',
        none: '删除时，门店盒里没有这位顾客的人脸数据，也没有相应的密钥。所以本版本的门店盒所做的备份里，没有能解开的这位顾客的人脸数据。称呼、电话、备注等没有专用密钥，由门店盒的总密钥加密，会留在旧备份里，直到门店销毁这些备份。',
      },
      purposes: {
        destroyed: '本版本的门店盒所做的备份里，所取消的用途所依据的数据（留存的录入照片、后来补充的样貌）另用该用途的密钥加密。这些密钥不进入备份，现已销毁，所以备份里的这部分数据任何人都解不开。人脸模板不在此列：它所依据的用途仍获同意，模板及其密钥照旧保留。',
        none: '所取消的用途没有留下另行加密的数据（留存的录入照片、后来补充的样貌），所以没有要销毁的密钥。人脸模板不在此列：它所依据的用途仍获同意，如已录入，模板照旧保留。',
      },
    },
    outside: '卡片上的偏好和未完成的跟进没有专用密钥，由门店盒的总密钥加密，会留在旧备份里，直到门店销毁这些备份。',
    restored: '把旧的数据库备份恢复到这台门店盒、而盒内的密钥库未更换时，门店盒启动后会按删除记录再删一次，只要删除记录还在保存期内。',
    limits: '有两种副本管不到，须由门店销毁：门店盒升级到本版本之前做的备份；连同密钥一起复制的整盘镜像。',
    kept: {
      face: '关于人脸，只保留证明本次删除的记录（编号、时间、数量，不含人脸信息）和证明您曾经同意的记录，保存期满后删除。称呼、电话、勿扰提示、备注、已完成的跟进和到店记录等档案内容不在本次删除之列。',
      dossier: '证明您曾经同意的记录也已一并删除。只保留证明本次删除的记录（编号、时间、数量），以及日志和请求登记里只写顾客编号、不含姓名的条目，保存期满后删除。',
      purposes: '其余已同意的用途所依据的数据照旧保留；勿扰提示、备注、已完成的跟进和到店记录不属于所取消的用途，也照旧保留。另保留证明本次删除的记录（编号、时间）和证明您曾经同意的记录，保存期满后删除。',
    },
  },
  en: {
    backups: {
      face: {
        destroyed: 'In backups made by this version of the box, the face data of this customer are encrypted under a key of their own as well. That key is in no backup, and it has been destroyed: nobody can decrypt the face data in these backups.',
        none: 'When this was done, the box held no face data of this customer and no key to any. So in backups made by this version of the box there are no face data of this customer that could be decrypted.',
      },
      dossier: {
        destroyed: 'In backups made by this version of the box, the face data of this customer are encrypted under a key of their own as well. That key is in no backup, and it has been destroyed: nobody can decrypt the face data in these backups. Name, phone number, notes and the like have no key of their own: they stay in older backups, encrypted under the key of the box, until the store destroys these.',
        none: 'When this was done, the box held no face data of this customer and no key to any. So in backups made by this version of the box there are no face data of this customer that could be decrypted. Name, phone number, notes and the like have no key of their own: they stay in older backups, encrypted under the key of the box, until the store destroys these.',
      },
      purposes: {
        destroyed: 'In backups made by this version of the box, what rested on the purposes that were taken back (enrolment photos that were kept, looks added later) is encrypted under keys of these purposes as well. Those keys are in no backup, and they have been destroyed: nobody can decrypt that part. The face template is not part of this: the purpose it rests on is still agreed to, so it stays, and so does its key.',
        none: 'The purposes that were taken back had left nothing with a key of its own (enrolment photos that were kept, looks added later), so there was no key to destroy. The face template is not part of this: the purpose it rests on is still agreed to, so it stays, if there is one.',
      },
    },
    outside: 'Preferences on the card and open follow-ups have no key of their own: they stay in older backups, encrypted under the key of the box, until the store destroys these.',
    restored: 'If an older backup of the database is put back on this box, and its own store of keys was not replaced, the box deletes all of this again when it starts, for as long as the record of this deletion is kept.',
    limits: 'Two kinds of copies are beyond reach, and the store has to destroy them: backups made before the box had this version, and copies of the whole disk, keys included.',
    kept: {
      face: 'Of the face, only the record that proves this deletion (numbers, times and counts; nothing of a face), and the record that proves that you once agreed. Both go when their term is over. Name, phone number, do-not lines, notes, finished follow-ups, visits and the rest of the dossier are not part of this deletion.',
      dossier: 'The records that you once agreed are deleted too. Only the record that proves this deletion (numbers, times and counts) stays, with entries in the log and in the register of requests that have the customer number and no name. They go when their term is over.',
      purposes: 'What rests on the purposes that are still agreed to stays. Do-not lines, notes, finished follow-ups and visits do not rest on what was taken back: they stay. So do the record that proves this deletion (numbers and times) and the record that proves that you once agreed, until their term is over.',
    },
  },
};

/** What a receipt says about backups, as paragraphs, and about what is kept: only what is true of this deletion. */
export function afterwards(
  language: Language, { scope, reason, purposes, keyDestroyed }: Pick<Deletion, 'scope' | 'reason' | 'purposes' | 'keyDestroyed'>,
): { backups: string[]; kept: string } {
  const words = AFTERWARDS[language];
  const outside = outsideFace({ scope, reason, purposes }).length > 0 ? [words.outside] : [];
  return { backups: [words.backups[scope][keyDestroyed ? 'destroyed' : 'none'], ...outside, words.restored, words.limits], kept: words.kept[scope] };
}
