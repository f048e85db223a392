import { createHash } from 'node:crypto';
import { LANGUAGES, NOTICE_FIELDS, type Language, type Notice } from '../contract/index.js';

export type NoticeText = Record<Language, Record<(typeof NOTICE_FIELDS)[number], string>>;

/** At most a year: "no forever" (PIPL 19: the shortest retention the purpose needs). */
export const MAX_TERM_DAYS = 366;

/**
 * The notice that comes with the box. Fields: PIPL 17 and 30, and article 5 of the 2025 face-recognition measures; the rules for
 * children that PIPL 31 asks for are the second paragraph of `rights`. A store must have its own lawyer read it.
 */
export function builtInNotice(storeName: string): NoticeText {
  return {
    'zh-CN': {
      handler: `个人信息处理者：${storeName}。`,
      contact: `如有疑问、投诉，或想行使您的权利，请在店内找${storeName}的店长或隐私负责人，当面提出即可。`,
      purpose: '您到店时认出您，方便顾问按您喜欢的方式接待。人脸信息不用于其他目的，不用于定价，也不判断您的情绪、年龄或性别。',
      method: '由您本人在前台平板前，或由店员征得您同意后，用平板拍摄您的脸部画面；店内的门店盒把画面换算成一串数字（人脸模板）并与已同意的顾客比对。画面换算后立即丢弃。只有您另外勾选“保留录入照片”，才会加密保存录入时的面部照片，门店盒更换识别模型时不必再请您拍照；只有您另外勾选“到店时更新人脸模板”，店员确认是您本人的到店画面才会用来更新模板，画面本身仍然不保存。',
      kinds: '人脸模板（敏感个人信息）、您另行同意的录入照片、偏好和联系计划、您的签名、同意记录、到店时间。未满十四周岁的，另有监护人的姓名、与孩子的关系，以及孩子的出生日期。',
      retention: '人脸模板和同意保留的照片只保存到您选定的截止日期，最长一年；未满十四周岁的，最迟到十四周岁生日的前一天。到期或您撤回同意后立即删除，不能恢复，偏好和联系计划也一样。签名和同意记录作为您同意过的证明保留，到店时间、服务备注、过敏和勿扰提示留在档案里，您可以要求删除。',
      necessity: '只有人脸模板才能在您不出示任何东西时认出您。如果您不愿意，报手机号或姓名即可，服务完全一样。',
      impact: '人脸信息一旦泄露可能被冒用。因此人脸模板和照片加密保存在本店的门店盒里，不上传互联网，也不提供给任何其他单位。',
      rights: '您可以随时撤回全部或其中任何一项同意，不需要理由，不影响服务：告诉任何一位店员，或用自己的手机在店内扫码办理，随即删除。您也可以查阅、复制、更正、删除您的信息，要求限制处理，或要求我们解释。您不同意的，两天之内我们不会再问。\n未满十四周岁孩子的信息都是敏感个人信息，适用专门规则：由父母或其他监护人阅读本告知，替孩子决定，并由监护人本人签名；可以只同意到店认出，其他各项都不勾选；只按监护人勾选的用途使用，加密保存，只有店员能看到；监护人可以随时代孩子行使上述权利。孩子满十四周岁当天，监护人的同意自动结束，人脸模板随即删除，是否重新录入由本人决定。',
    },
    en: {
      handler: `Who is responsible: ${storeName}.`,
      contact: `Questions, complaints, or to use your rights: ask the manager or the privacy officer of ${storeName}.`,
      purpose: 'To recognise you when you come in, so that an adviser can serve you the way you like. Your face is used for nothing else: not for prices, and nothing is guessed about your mood, age or gender.',
      method: 'You stand in front of the iPad at the front desk, or an adviser points an iPad at you after asking. A small computer in the store turns the picture into a row of numbers (a face template) and compares it with those of customers who agreed. The picture is then discarded at once. Only if you also tick "keep my enrolment photos" are the pictures of your face from the enrolment stored, encrypted, so that you need not be photographed again when the recognition models change; and only if you also tick "keep my template current" may a sighting that staff confirmed as you improve the template. That picture is discarded too.',
      kinds: 'A face template (sensitive personal information), enrolment photos if you agreed to keep them, preferences and plans to contact you if you agreed to these, your signature, the record of your consent, and when you visited. For a child under 14 also the guardian\'s name, how they are related, and the child\'s date of birth.',
      retention: 'The face template, and photos if you agreed to keep them, are kept only until the end date you choose, one year at most, and for a child until the day before the 14th birthday at the latest. They are deleted for good at that date, or as soon as you withdraw; so are preferences and plans to contact you. Your signature and the record of your consent are kept as evidence that you agreed; the times of your visits, notes of service, allergies and what you told us not to do stay in your file, and you may ask for their deletion.',
      necessity: 'Only a face template lets us recognise you without your showing anything. If you would rather not, say your phone number or name: the service is the same.',
      impact: 'A leaked face template could be misused. So it is stored encrypted, as are photos, only on the computer in this store; it is never sent over the internet or given to anyone else.',
      rights: 'You may withdraw all of it or any single purpose at any time, without a reason and without losing any service: tell any member of staff, or scan the code they give you with your own phone in the store, and it is deleted at once. You may also see, copy, correct and delete your information, have its use restricted, or ask for an explanation. If you say no, we do not ask again for two days.\nAll information about a child under 14 is sensitive and has rules of its own: a parent or other guardian reads this notice, decides for the child and signs; they may agree to recognition alone and tick nothing else; it is used only for what the guardian ticked, stored encrypted and seen by the store\'s staff alone; the guardian may use all of these rights for the child at any time. On the 14th birthday the guardian\'s consent ends by itself and the face template is deleted; whether to enrol again is then the young person\'s own decision.',
    },
  };
}

/** The sections in a fixed order; their hash stands for the text that the customer saw. */
export function toSections(text: NoticeText): Notice['sections'] {
  return LANGUAGES.flatMap((language) => NOTICE_FIELDS.map((field) => ({ language, field, text: text[language][field] })));
}

/** SHA-256 over the sections as JSON, lower-case hexadecimal. */
export function hashSections(sections: Notice['sections']): string {
  const ordered = sections.map(({ language, field, text }) => [language, field, text]);
  return createHash('sha256').update(JSON.stringify(ordered)).digest('hex');
}
