/** What the demo's store sells, and how its manager arranged the desk: own fields, the card, quick notes. All of it is invented. */
import type { CardSlot, OwnFormChange, ProductCreate, Words } from '../appliance/contract/index.js';

/** By the store's own number. */
export const PRODUCTS = {
  'SC-M36': { name: '山茶 月相 36 毫米', category: '月相表', brand: '山茶', priceMinor: 6_800_000, barcode: '6912340000018', inStock: true },
  'SC-P32': { name: '山茶 珍珠母贝 32 毫米', category: '女士小表径', brand: '山茶', priceMinor: 4_200_000, barcode: '6912340000025', inStock: true },
  'SC-G34': { name: '山茶 玫瑰金小三针 34 毫米', category: '女士小表径', brand: '山茶', priceMinor: 8_800_000, barcode: '6912340000032', inStock: true },
  'BC-D40': { name: '北辰 潜水 300 米', category: '潜水表', brand: '北辰', priceMinor: 2_680_000, barcode: '6912340000049', inStock: true },
  'YS-R38': { name: '砚石 三问 38 毫米', category: '三问表', brand: '砚石', priceMinor: 46_000_000, barcode: '6912340000056', inStock: false },
  'JY-P40': { name: '霁月 对表（大）40 毫米', category: '对表', brand: '霁月', priceMinor: 3_600_000, barcode: '6912340000063', inStock: true },
  'JY-P32': { name: '霁月 对表（小）32 毫米', category: '对表', brand: '霁月', priceMinor: 3_300_000, barcode: '6912340000070', inStock: true },
  'QY-E39': { name: '青屿 掐丝珐琅 限量', category: '珐琅表', brand: '青屿', priceMinor: 12_800_000, barcode: '6912340000087', inStock: false },
  'ST-A105': { name: '短款鳄鱼皮表带 105/65', category: '鳄鱼皮表带', brand: '山茶', priceMinor: 260_000, barcode: '6912340000094', inStock: false },
  'ST-R20': { name: '薄荷绿橡胶表带 20 毫米', category: '彩色表带', brand: '北辰', priceMinor: 68_000, barcode: '6912340000100', inStock: true },
  'ST-S18': { name: '雾蓝丝绸表带 18 毫米', category: '彩色表带', brand: '霁月', priceMinor: 88_000, barcode: '6912340000117', inStock: true },
  'ST-S19': { name: '海棠红丝绸表带 18 毫米', category: '彩色表带', brand: '霁月', priceMinor: 88_000, barcode: '6912340000124', inStock: false },
  'SV-01': { name: '机芯全套保养', category: '保养服务', brand: null, priceMinor: 320_000, barcode: null, inStock: true },
} as const satisfies Record<string, Omit<ProductCreate, 'sku'>>;
export type Sku = keyof typeof PRODUCTS;
/** Came in yesterday: one was wished for, the others are to somebody's taste. */
export const ARRIVED: readonly Sku[] = ['ST-A105', 'QY-E39', 'ST-S19'];

const STRAPS = { 鳄鱼皮: 'Alligator', 橡胶: 'Rubber', 丝绸: 'Silk', 金属: 'Metal' } as const;
export type Strap = keyof typeof STRAPS;
/** What stands in the own fields of a customer; the budget in whole yuan. */
export interface OwnValues { watches?: number; strap?: Strap; budget?: number }
/** The fields' names in the form, by which they are found again. */
export const FIELD_NAMES = { watches: '已有几枚表', strap: '表带偏好', budget: '预算' } as const;

const field = { required: false, visibleTo: 'everybody' } as const;
export const SECTIONS: OwnFormChange['sections'] = [{
  name: { 'zh-CN': '佩戴与选购', en: 'Wearing and choosing' },
  fields: [
    { ...field, name: { 'zh-CN': FIELD_NAMES.watches, en: 'Watches owned' }, kind: 'number', options: [] },
    { ...field, name: { 'zh-CN': FIELD_NAMES.strap, en: 'Strap preferred' }, kind: 'choice', options: Object.entries(STRAPS).map(([zh, en]) => ({ name: { 'zh-CN': zh, en } })) },
    { ...field, name: { 'zh-CN': FIELD_NAMES.budget, en: 'Budget' }, kind: 'money', options: [] },
  ],
}];
/** One free fact, an own field, and the size of the wrist. */
export function cardSlots(fieldId: (name: keyof typeof FIELD_NAMES) => string): CardSlot[] {
  return [{ builtin: 'fact' }, { fieldId: fieldId('strap') }, { builtin: 'size' }];
}

export const QUICK_NOTES: readonly Words[] = [
  { 'zh-CN': '试戴过，还要想想', en: 'Tried it on, thinking it over' },
  { 'zh-CN': '想等新款', en: 'Waits for the new model' },
  { 'zh-CN': '表带偏长，已量腕', en: 'Strap too long, wrist measured' },
  { 'zh-CN': '送礼用，要包装', en: 'A gift, to be wrapped' },
  { 'zh-CN': '来取保养的表', en: 'Fetched a serviced watch' },
  { 'zh-CN': '下次带家人来', en: 'Brings family next time' },
];
