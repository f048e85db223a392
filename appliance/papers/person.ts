import type { Companion, CustomerFields, Language, YearlyDate } from '../contract/index.js';

const WORDS = {
  'zh-CN': {
    name: '姓名', salutation: '称呼', phone: '电话', email: '电子邮箱', wechat: '微信', contactBy: '联系方式', contactWhen: '联系时间', contactNever: '联系',
    never: '不希望被联系', tier: '等级', memberNo: '会员号', points: '积分', facts: '特点', doNot: '注意事项', allergies: '过敏', likes: '喜欢', dislikes: '不喜欢',
    sizes: '尺寸', dates: '重要日子', companions: '同行人', way: { phone: '电话', sms: '短信', wechat: '微信', email: '邮件' },
    dateKind: { birthday: '生日', anniversary: '纪念日', other: '其他' }, linked: '（有档案）', between: '：', and: '、',
  },
  en: {
    name: 'Name', salutation: 'Form of address', phone: 'Phone', email: 'Email', wechat: 'WeChat', contactBy: 'Contact by', contactWhen: 'Contact when',
    contactNever: 'Contact', never: 'does not want to be contacted', tier: 'Tier', memberNo: 'Member number', points: 'Points', facts: 'Facts', doNot: 'To be avoided',
    allergies: 'Allergies', likes: 'Likes', dislikes: 'Dislikes', sizes: 'Sizes', dates: 'Important dates', companions: 'Companions',
    way: { phone: 'phone', sms: 'text message', wechat: 'WeChat', email: 'email' }, dateKind: { birthday: 'birthday', anniversary: 'anniversary', other: 'other' },
    linked: ' (has a dossier)', between: ': ', and: ', ',
  },
} as const;

/** Each field of a dossier with its name, as a person reads it; null: nothing stands there. */
export function personRows(fields: CustomerFields, language: Language): [name: string, text: string | null][] {
  const words = WORDS[language];
  const lines = (list: readonly string[]) => (list.length === 0 ? null : list.join('\n'));
  const date = ({ kind, label, month, day, year }: YearlyDate) =>
    `${label ?? words.dateKind[kind]}${words.between}${[...(year === null ? [] : [year]), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-')}`;
  const companion = ({ name, relation, customerId }: Companion) => `${relation}${words.between}${name}${customerId === null ? '' : words.linked}`;
  return [
    [words.name, fields.displayName], [words.salutation, fields.salutation], [words.phone, fields.phone], [words.email, fields.email], [words.wechat, fields.wechat],
    [words.contactBy, fields.contactBy.length === 0 ? null : fields.contactBy.map((way) => words.way[way]).join(words.and)], [words.contactWhen, fields.contactWhen],
    [words.contactNever, fields.contactNever ? words.never : null], [words.tier, fields.tier], [words.memberNo, fields.memberNo], [words.points, String(fields.points)],
    [words.facts, lines(fields.facts)], [words.doNot, lines(fields.doNot)], [words.allergies, lines(fields.allergies)], [words.likes, lines(fields.likes)],
    [words.dislikes, lines(fields.dislikes)], [words.sizes, lines(fields.sizes.map(({ label, value }) => `${label}${words.between}${value}`))],
    [words.dates, lines(fields.dates.map(date))], [words.companions, lines(fields.companions.map(companion))],
  ];
}
