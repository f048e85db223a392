import type { Widen } from './zh-CN.js';

/** 档案：资料、动态、快捷备注、两台 iPad 同时改。 */
export const dossierZh = {
  person: {
    displayName: '姓名', salutation: '称呼', phone: '手机号', tier: '会员等级', memberNo: '会员号', points: '积分', email: '邮箱', wechat: '微信号',
    contactBy: '希望怎么联系', contactWhen: '方便联系的时间', contactNever: '不要联系', facts: '要点', doNot: '注意事项', allergies: '过敏', likes: '喜欢',
    dislikes: '不喜欢', sizes: '尺寸', dates: '重要日子', companions: '同行人',
    contact: '联系', contactCard: '联系与会员', way_phone: '电话', way_sms: '短信', way_wechat: '微信', way_email: '邮件',
    never: '请勿联系', neverBody: '顾客表示不希望门店主动联系。', reachBy: '首选{way}', reachByThen: '首选{way}，其次{others}',
    date_birthday: '生日', date_anniversary: '纪念日', date_other: '其他',
    today: '就是今天', tomorrow: '明天', inDays: '还有 {n} 天', yearsOn: '{n} 周年', age: '满 {n} 岁', keptOn28: '按 2 月 28 日过',
    saidOn: '{day}说的，{name}记录', saidDay: '{day}说的', empty: '还没有写下什么', emptyBody: '联系方式、偏好、尺寸、重要日子都可以记在这里。', fill: '补充资料',
  },
  punctuation: { and: '、' },
  edit: {
    mind: '过敏与注意事项', taste: '要点、偏好与尺寸', count: '{n} 项', remove: '删除第 {n} 项', more: '添加{what}', hintOrder: '点选的先后就是优先顺序。',
    whenHint: '如 工作日晚上六点以后', neverHint: '打开后，档案上会醒目提示，请勿联系。', allergyHint: '如 对镍过敏', likeHint: '如 珐琅表盘', dislikeHint: '如 不喜欢香水味', sizeLabel: '部位', sizeValue: '尺寸',
    sizeLabelHint: '如 戒指', sizeValueHint: '如 12 号', dateKind: '什么日子', dateLabel: '叫什么', dateLabelHint: '如 结婚日', month: '月', day: '日', year: '年份（选填）', monthOf: '{n} 月', dayOf: '{n} 日',
    companionName: '姓名', relation: '关系', relationHint: '如 丈夫', link: '关联档案', linked: '已关联档案', unlink: '取消关联', findLink: '按手机号或姓名查找档案',
    nameLong: '姓名最多 40 个字。', dateInvalid: '没有这一天，请检查月和日。', dateHalf: '重要日期要选好是什么日子、几月、几日。', yearInvalid: '年份要写四位数字，不知道可以不填。', yearNotLeap: '这一年没有 2 月 29 日，请检查年份，不知道可以不填。', sizeHalf: '尺寸要写部位和大小两项。', companionHalf: '同行人要写姓名和关系两项。', pointsInvalid: '积分是不小于 0 的整数。',
    memberInvalid: '会员号只能用字母、数字和短横线，最多 32 位。', emailInvalid: '请检查邮箱地址。',
    taken: '这个手机号已属于另一位顾客', takenBody: '可能是同一个人，先看看那份档案；如果是两个人共用，比如夫妻，可以都留这个号码。', memberTaken: '这个会员号已属于另一位顾客', openOther: '打开那份档案', bothUse: '两人共用这个号码',
  },
  conflict: {
    title: '别人刚改过同样的内容', body: '还没有保存。请选择保留哪一个。', bodyMany: '还没有保存。请逐项选择保留哪一个。', theirs: '现在的', mine: '我的', keepMine: '用我的', takeTheirs: '用现在的', save: '按所选保存', nothing: '（空）', yes: '是', no: '否',
  },
  timeline: {
    filter: '只看', all: '全部',
    kind_note: '备注', kind_visit: '到店', kind_purchase: '购买', kind_wish: '心愿', kind_ticket: '工单', kind_appointment: '预约', kind_followUp: '跟进', kind_consent: '同意', kind_file: '文件',
    kind_field: '资料', kind_dossier: '档案',
    note: '备注', visit: '到店', handed_over: '交接', purchase: '购买', return: '退货', wish: '加入心愿单', wish_arrived: '心愿到货', wish_bought: '心愿已购买', wish_dropped: '心愿取消', ticket: '开工单', ticket_ready: '可以取件',
    ticket_done: '工单完成', appointment_planned: '预约', appointment_kept: '预约已到', appointment_missed: '预约未到', appointment_cancelled: '预约取消', followUp: '新跟进', followUp_done: '跟进完成',
    consent: '签署同意', consent_ended: '同意结束', file: '存入文件', field: '更新了 {n} 项资料', dossier: '建档', dossier_merged: '合并了档案', times: '{text} × {n}', noticeVersion: '告知书第 {n} 版', minutes: '停留约 {n} 分钟',
  },
  chips: {
    label: '快捷备注', written: '已记下：{text}', pending: '五秒后同步', settings: '快捷备注', edit: '编辑', settingsBody: '写备注时点一下就能记下的短句。只写中文也可以，英文会照用。', zh: '中文', en: 'English',
    up: '上移', down: '下移', remove: '删除', add: '添加一条', save: '保存', saved: '快捷备注已保存', restore: '恢复默认', restored: '已恢复默认的快捷备注', atLeastOne: '至少留一条；要恢复默认，请点“恢复默认”。',
  },
} as const;

export type DossierMessages = Widen<typeof dossierZh>;
