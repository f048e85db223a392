import type { Widen } from './zh-CN.js';

/** What to say next, its words, and what a customer seems to like. */
export const greetingZh = {
  greeting: {
    useful: '有用',
    notUseful: '不合适',
    waved: '已记“不合适”：{text}',
    takeBack: '撤销',
    none: '没有更多建议，先问候即可',
    promised: '跟进：{text}',
    title: '接待话术',
    lead: '顾客到店时，卡片上的“下一步”就用这里的话。每一条都写明依据，只来自档案、购买和约定，从不看表情、年龄或性别。',
    open: '接待话术',
    openBody: '“下一步”怎么说，店员觉得有没有用。',
    edit: '修改',
    on: '显示这一条',
    zh: '中文',
    en: '英文',
    chips: '点一下，放进光标处',
    preview: '看起来会是这样',
    invented: '顾客和内容都是虚构的',
    restore: '恢复默认',
    own: '已改',
    off: '已停用',
    counts: '90 天内：有用 {useful} 次，不合适 {notUseful} 次',
    noCounts: '90 天内还没有人评价',
    wrongPlaceholder: '“{placeholder}”不能放在这里。请点上面的词，不要自己写花括号。',
    saved: '“{kind}”已保存',
    kind: {
      ticket_ready: '工单办好了', wish_arrived: '心愿到货', appointment_today: '今天有预约', follow_up_due: '跟进', date_near: '生日或纪念日',
      taste_new: '有合意的新品', welcome_back: '欢迎回来', first_visit: '第一次到店',
    },
    when: {
      ticket_ready: '有工单可以取了', wish_arrived: '问过的商品在那之后到了货', appointment_today: '六小时内有预约，或刚过约好的时间', follow_up_due: '答应过的事到期了；没到期的排在后面',
      date_near: '一周之内。注意事项里写了“不要打扰”或“不提生日”之类时不提', taste_new: '上次到店之后到的、合偏好的商品。注意事项里写了“自己看”或“不要推销”之类时不提',
      welcome_back: '来过的顾客', first_visit: '没有更早的到店记录',
    },
    placeholder: {
      name: '称呼', ticket: '工单', readyOn: '办好的日子', wish: '心愿', wishedOn: '问起的日子', arrivedOn: '到货的日子', subject: '预约内容', time: '时间',
      followUp: '跟进内容', author: '谁记的', writtenOn: '哪天记的', occasion: '什么日子', when: '哪一天', product: '新品', taste: '偏好',
      lastTime: '上次到店',
    },
    sample: {
      name: '沈女士', ticket: '更换表带', readyOn: '5月18日', wish: '月相腕表', wishedOn: '5月3日', arrivedOn: '5月18日', subject: '试戴新款', time: '15:30',
      followUp: '带一本新目录', author: '小周', writtenOn: '5月11日', occasion: '生日', when: '明天', product: '银色月相腕表', taste: '月相',
      lastTime: '上次是4月20日，小周接待',
    },
    tastes: '偏好',
    stated: '顾客说过',
    statedBy: '顾客说过 · {by}，{day}记',
    bought: '买过 {n} 件',
    lookedAt: '看过 {n} 件',
    days: '{n} 个不同日子',
  },
};

/** The shape of the other language. */
export type GreetingMessages = Widen<typeof greetingZh>;
