/** What the people of the made-up store are called, and what is written about them. Names as often as in China; nobody is meant. */

/** Family names with about their share of the population, in thousandths; the rest are left out. */
const SURNAMES: readonly (readonly [name: string, perThousand: number])[] = [
  ['王', 72], ['李', 71], ['张', 67], ['刘', 51], ['陈', 48], ['杨', 31], ['黄', 24], ['赵', 21], ['吴', 21], ['周', 20], ['徐', 15], ['孙', 14], ['马', 14],
  ['朱', 13], ['胡', 13], ['郭', 12], ['何', 12], ['林', 12], ['高', 11], ['罗', 10], ['郑', 9], ['梁', 9], ['谢', 8], ['宋', 8], ['唐', 7], ['许', 7], ['韩', 7],
  ['邓', 7], ['冯', 6], ['曹', 6], ['彭', 6], ['曾', 6], ['肖', 5], ['田', 5], ['董', 5], ['潘', 5], ['袁', 5], ['蔡', 5], ['蒋', 5], ['余', 5], ['于', 5], ['杜', 5],
  ['叶', 5], ['程', 4], ['魏', 4], ['苏', 4], ['吕', 4], ['丁', 4], ['任', 4], ['卢', 4], ['姚', 4], ['沈', 4], ['钟', 4], ['姜', 4], ['崔', 3], ['谭', 3], ['陆', 3],
  ['范', 3], ['汪', 3], ['廖', 3], ['石', 3], ['金', 3], ['韦', 3], ['贾', 3], ['夏', 3], ['付', 3], ['方', 3], ['白', 2], ['邹', 2], ['孟', 2], ['熊', 2], ['秦', 2],
  ['邱', 2], ['江', 2], ['尹', 2], ['薛', 2], ['闫', 2], ['段', 2], ['雷', 2], ['侯', 2], ['龙', 2], ['史', 2], ['陶', 2], ['黎', 2], ['贺', 2], ['顾', 2], ['毛', 2],
  ['欧阳', 1], ['上官', 0.2], ['司马', 0.2], ['诸葛', 0.2],
];
/** The frequent ones stand first and are drawn more often. */
const GIVEN = '伟芳秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰红玲梅华丹辉鹏玉婷建国宇欣怡子轩浩然梓涵雨晨思琪嘉俊诗佳一诺若曦博文雅琳婉清书瑶安宁云舒语嫣晓棠念慈景行知微'
  + '凯波斌飞健峰龙亮燕萍莉颖洁蕾雪倩慧莹瑞泽皓乐天佑承志远航晴岚青禾';

/** One of a list, each as likely as its weight says. */
class Weighted<T> {
  readonly #values: T[] = [];
  readonly #upTo: number[] = [];
  #sum = 0;

  constructor(entries: readonly (readonly [T, number])[]) {
    for (const [value, weight] of entries) {
      this.#sum += weight;
      this.#values.push(value);
      this.#upTo.push(this.#sum);
    }
  }

  draw(random: number): T {
    const at = this.#upTo.findIndex((upTo) => random * this.#sum < upTo);
    return this.#values[at === -1 ? this.#values.length - 1 : at]!;
  }
}
const surnames = new Weighted(SURNAMES);

export type Random = () => number;
export const oneOf = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]!;

export function personName(random: Random): { surname: string; name: string } {
  const surname = surnames.draw(random());
  const character = () => GIVEN[Math.floor(GIVEN.length * random() ** 2)]!;
  return { surname, name: surname + character() + (random() < 0.85 ? character() : '') };
}

/** Mainland mobile number of a made-up range. */
export function phoneNumber(random: Random): string {
  return `1${oneOf(['30', '35', '38', '39', '50', '58', '59', '76', '86', '88', '89'], random)}${String(Math.floor(random() * 1e8)).padStart(8, '0')}`;
}

export const TIERS = ['银卡', '金卡', '黑卡'] as const;
export const BRANDS = ['山茶', '听潮', '北辰', '青屿', '砚石', '朔风', '云阶', '霁月', '长庚', '渡口', '白鹭', '松间'] as const;
export const CATEGORIES = ['自动机械表', '石英表', '潜水表', '月相表', '计时码表', '陀飞轮', '女士小表径', '世界时', '表带', '表扣', '摇表器', '保养服务'] as const;
export const MATERIALS = ['精钢', '玫瑰金', '钛金属', '陶瓷', '铂金', '青铜'] as const;
export const DIALS = ['珍珠母贝盘', '掐丝珐琅盘', '蓝色太阳纹盘', '黑盘', '银白盘', '绿盘', '镂空盘', '陨石盘'] as const;
export const LIKES = ['小表径', '玫瑰金', '鳄鱼皮表带', '橡胶表带', '月相', '透底', '罗马数字', '素面表盘', '可换表带', '复古款'] as const;
export const DISLIKES = ['镶钻', '石英机芯', '大表径', '荧光色', '金属表链'] as const;
export const ALLERGIES = ['对镍过敏', '对皮革鞣剂过敏', '对乳胶过敏'] as const;
export const DO_NOT = ['进店先让客人自己看', '不谈折扣', '不要打电话到家', '不要拍照', '不要推荐石英表'] as const;
export const FACTS = ['喝乌龙不加糖', '常在周末午后来', '说英语更自在', '左手戴表', '在附近上班', '女儿在伦敦读书', '收藏怀表', '喜欢靠窗的位置'] as const;
const SUBJECTS = ['试戴', '问起', '看中', '比较过', '想要', '预留了', '朋友推荐了', '在展上见过'] as const;
const REMARKS = [
  '觉得表带偏长', '说要再和先生商量', '想等限量款', '希望月底前有答复', '问了保养周期', '喜欢机芯的声音', '嫌表径偏大', '预算还没定', '下次带太太一起来', '要刻字，两周后取',
  '走时偏快，已调校', '表镜有划痕，建议更换', '想送给父亲作生日礼物', '对防水性能很在意', '问能不能换鳄鱼皮短款', '打算换一枚能游泳戴的',
] as const;

export function noteText(random: Random): string {
  const article = `${oneOf(MATERIALS, random)}${oneOf(DIALS, random)}${oneOf(CATEGORIES, random)}`;
  const remarks = Array.from({ length: 1 + Math.floor(random() * 3) }, () => oneOf(REMARKS, random));
  return `${oneOf(SUBJECTS, random)}${article}，${remarks.join('，')}。`;
}
