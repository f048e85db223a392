import type { Widen } from './zh-CN.js';

/** 商品、购买与服务、文件。 */
export const dealingsZh = {
  products: {
    title: '商品', settings: '商品', settingsBody: '店里卖的商品：用于心愿单、购买记录和查找。可以从表格导入。',
    searchLabel: '查找商品', placeholder: '名称、货号、条码、品牌', loading: '正在读取商品', none: '没有找到这样的商品', noneBody: '换个词，或检查货号。', empty: '还没有商品',
    emptyBody: '店长可以在“设置 › 商品”里添加或导入。', emptyManager: '一件件添加，或从表格（CSV）导入。', more: '这里显示前 {n} 件，其余请查找。', asTyped: '直接记下“{text}”', outOfStock: '缺货',
    add: '添加商品', edit: '编辑商品', saved: '商品已保存', hide: '从列表中移除', hidden: '已移除“{name}”，以前的购买记录不变',
    waiting: '{n} 位顾客在等', cameIn: '这件商品到货了',
    arrived: '到货', arrivedOf: '{name}到货', arrivedSaid: '“{name}”已到货，想要它的顾客档案里会显示',
    name: '名称', sku: '货号', price: '价格', brand: '品牌', category: '分类', barcode: '条码', barcodeHint: '扫码枪可直接扫入', inStock: '有货',
    import: '导入表格', importBody: '把表格另存为 CSV 再选择，先看一遍再导入。货号相同的会更新，其余新增；不会删除任何商品。', importColumns: '第一行是表头，中文或英文都可以；货号、名称必填，其余选填。Excel 直接保存的 CSV 也能读，最大 1 MB。',
    column: { sku: '货号 / SKU', name: '名称 / Name', category: '分类 / Category', brand: '品牌 / Brand', price: '价格 / Price', barcode: '条码 / Barcode', inStock: '库存 / In stock' },
    importChoose: '选择 CSV 文件', importOther: '换一个文件', importing: '正在读取表格…', importGo: '导入 {n} 件', importNothing: '没有可以导入的内容', importExample: '下载模板', csvName: '商品模板.csv',
    csvExample: '货号,名称,分类,品牌,价格,条码,库存\r\nL2-001,月相自动机械腕表,腕表,示例品牌,12800,6900000000012,有\r\nB-017,鳄鱼皮表带 20 毫米,配件,示例品牌,1280.50,,有\r\n',
    imported: '新增 {added} 件，更新 {changed} 件，{unchanged} 件没有变化。', wouldImport: '将新增 {added} 件，更新 {changed} 件，{unchanged} 件没有变化，{refused} 行有问题。', sample: '前几行', becomes: { added: '新增', changed: '更新', unchanged: '不变' }, problems: '有问题的行',
    wouldRefuse: '{n} 行有问题，不会导入', wouldRefuseBody: '可以改好表格重新选择，也可以先导入其余各行。', refused: '{n} 行没有导入', refusedLine: '第 {line} 行', refusedMore: '只列出前 {n} 个问题。', refusedBody: '其余各行已导入。改好这几行后可以再导入一次，不会重复。',
    problem_empty: '必填，不能为空', problem_too_long: '太长', problem_price_invalid: '价格读不懂，或小数位太多', problem_barcode_invalid: '条码只能是字母、数字和符号', problem_stock_invalid: '请写“有”“无”或数量',
    problem_sku_twice: '货号在文件里重复', problem_barcode_taken: '条码已属于另一件商品', problem_columns_wrong: '比表头多出列，检查逗号和引号',
  },
  dealings: {
    wishes: '心愿单', wishAdd: '加心愿', noWishes: '目前没有心愿', arrived: '{day}到货', bought: '买了', wishDrop: '不要了', wishDropOf: '不要了：{name}', wishDropped: '已从心愿单移除', wishesEnded: '以前的心愿（{n}）',
    outcome_bought: '已买到', outcome_dropped: '不再需要',
    purchases: '购买', purchaseAdd: '记购买', noPurchases: '还没有购买记录', pieces: '{n} 件', receipt: '小票 {no}', other: '换一件', amountNeeded: '填上实付金额就能保存。', quantity: '件数', less: '减一件', more: '加一件', amount: '实付金额', receiptNo: '小票号',
    purchaseSave: '保存购买', purchaseSaved: '已记下购买', takeBack: '撤销', takenBack: '已撤销', return: '退货', returnOf: '退货：{name}', returnQuantity: '退几件', returnAmount: '退款金额', returnMost: '最多可退 {amount}',
    returnSave: '保存退货', returnSaved: '已记下退货', backOn: '{day}退 {n} 件，退款 {amount}',
    tickets: '服务工单', ticketAdd: '开工单', noTickets: '没有工单', ticketSubject: '什么事', ticketPlaceholder: '如：换电池、改表带', ticketDetail: '详情', ticketDue: '约定日期（选填）', ticketStateOf: '工单状态：{name}',
    ticket_open: '处理中', ticket_waiting: '等待中', ticket_ready: '可取', ticket_done: '已完成',
    appointments: '预约', appointmentAdd: '加预约', noAppointments: '没有预约', day: '日期', time: '时间', lasts: '时长', minutes: '{n} 分钟', withWhom: '顾问', anybody: '都可以', appointmentSubject: '来做什么', appointmentPlaceholder: '如：试戴、取货',
    appointmentStateOf: '预约状态：{name}', appointment_planned: '已约', appointment_kept: '已到', appointment_missed: '未到', appointment_cancelled: '已取消',
    today: '今日预约',
  },
  files: {
    add: '拍照或选文件', sending: '正在检查并保存…', rule: '只存票据和物品的照片（JPEG、PNG、HEIC、PDF，4 MB 以内）。照片里不能有人脸。', none: '还没有文件', noneBody: '保修卡、发票、送修物品的照片都可以放在这里。', remove: '删除{name}',
    removed: '文件已删除', photo: '照片 {when}',
  },
} as const;
export type DealingsMessages = Widen<typeof dealingsZh>;
