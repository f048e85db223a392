/** 自定义栏目：店长设计表单，店员在档案里填写。 */
export const fieldsZh = {
  fields: {
    title: '自定义栏目',
    settingsBody: '给档案加上本店自己的栏目，比如指围、常穿尺寸、会员群，不用找人开发。',
    lead: '分组和栏目会出现在每位顾客的档案里。改完点“保存”，所有 iPad 立即生效。',
    loading: '正在读取栏目…',
    none: '还没有自定义栏目',
    noneBody: '先建一个分组，比如“定制信息”，再往里加栏目。',
    // 状态
    unsaved: '有改动，还没保存', savedAll: '已全部保存', saved: '栏目已保存', discard: '放弃改动', discarded: '已放弃改动',
    // 分组
    addSection: '新建分组', sectionName: '分组名称', sectionNameEn: '英文名称', sectionHint: '例如：定制信息', sectionEmpty: '这个分组还没有栏目。',
    removeSection: '删除分组', removedSection: '已删除分组“{name}”和其中的栏目', up: '上移：{name}', down: '下移：{name}', newSection: '新分组',
    // 栏目
    addField: '加栏目', newField: '新栏目', fieldTitle: '编辑栏目', pickKind: '这一栏填什么？', kindFixed: '类型建好后不能改。要换类型，请另建一栏。',
    name: '名称', nameEn: '英文名称', nameHint: '例如：指围', sameAsZh: '不填则用中文名称', required: '必填', requiredBody: '保存这一分组时不能空着。',
    managerOnly: '仅店长可见', managerOnlyBody: '店员看不到，也查不到。隐私负责人可以看到。', done: '好了', removeField: '删除这一栏', removedField: '已删除“{name}”', nameless: '未命名',
    kind: { text: '文字', number: '数字', money: '金额', date: '日期', choice: '单选', choices: '多选', yes_no: '是否', product: '商品', photo: '物品照片' },
    kindExample: {
      text: '例如：喜欢靠窗的位子', number: '例如：指围 14.5', money: '例如：预算 20,000', date: '例如：结婚纪念日', choice: '选一个，例如：金、银、铂', choices: '可选几个，例如：喜欢的颜色',
      yes_no: '例如：已加会员群', product: '从商品里选一件', photo: '手表、鞋底等物品，不能拍人脸',
    },
    // 选项
    options: '选项', option: '选项 {n}', optionEn: '选项 {n} 英文', addOption: '加选项', removeOption: '删除选项：{name}', backOption: '找回：{name}', removedOptions: '删除过的选项，30 天内可以找回：',
    why: {
      sectionName: '有分组没写名称。', sectionTwice: '有两个分组重名了。', fieldName: '写上栏目名称。', options: '至少要有两个选项。', optionName: '有选项没写名称。', card: '到店卡片上的栏目要人人可见。',
    },
    // 删除的
    removed: '删除的栏目', removedBody: '里面的内容还在，到期后连同修改记录一起彻底删除。', untilDay: '{day}前可以找回', untilSave: '保存后删除，30 天内可以找回', held: '{n} 位顾客填过', bringBack: '找回', broughtBack: '已找回“{name}”',
    // 卡片
    card: '到店卡片上的三项', cardBody: '顾客到店时，卡片上最先看到的三项。没有内容的会自动跳过。', place: '第 {n} 项', asDelivered: '要点（默认）', freeFacts: '不选，就显示档案里的要点。', replaced: '替换了“{name}”：卡片上不再显示，档案里还在。要留着，就选到另一项里。', preview: '预览', previewName: '林知夏', previewTier: '金卡',
    builtin: { fact: '要点', size: '尺寸', like: '喜欢', wish: '最早的心愿', last_purchase: '上次购买', points: '积分', date: '下一个重要日子' },
    sample: {
      fact: '爱喝乌龙茶', size: '戒指：12 号', like: '喜欢：银色', wish: '心愿：月光腕表', last_purchase: '上次购买：珍珠耳钉', points: '积分：3,200', date: '生日：5月3日',
      text: '靠窗的位子', number: '14.5', money: '¥20,000', date_: '2026年5月3日', choice: '选项', yes_no: '是', product: '月光腕表',
    },
    ofForm: '自定义栏目', ofBox: '档案里的内容',
    // 冲突
    conflict: '另一位店长刚改过栏目', conflictBody: '你的改动还没有保存。现在的栏目是这样的：', keepMine: '保留我的改动', keepMineBody: '对方新加的栏目也会留下，看过再保存。', takeTheirs: '用对方的',
    // 导出
    export: '导出', exportBody: '会员号、档案编号和选中的栏目，不含姓名和手机号。限制处理的顾客不会导出。每次导出都会记入日志。', exportPick: '导出哪些栏目', exportAll: '全选', exportButton: '导出表格（CSV）', exportFile: '自定义栏目',
    exportUnsaved: '先保存改动，再导出。', exportNone: '还没有可以导出的栏目。',
    // 档案
    edit: '填写', editOf: '填写：{name}', empty: '未填', emptyRequired: '必填，还没填', changed: '改过 {n} 次', emptied: '修改记录', history: '修改记录：{name}', historyLine: '{name}，{when}', wasEmpty: '空',
    former: '合并进来的档案里还有', formerBody: '这些栏目在本档案里还空着，是不是同一个人的，由你判断。', formerFrom: '来自“{name}”的档案', takeOver: '用这个', takenOver: '已写入“{name}”',
    saved_: '已保存', choose: { product: '选商品', photo: '拍照或选照片' }, photoRule: '只拍物品，照片里不能有人脸。', openPhoto: '打开照片：{name}', clear: '清空', yes: '是', no: '否', noOne: '店里还没有设置自定义栏目。',
    // 保存时
    lacking: '“{name}”是必填的，还没填。', wrong: { number: '“{name}”要填数字，例如 14.5，小数最多 6 位。', money: '“{name}”要填金额，例如 1280 或 1280.50。', other: '“{name}”填的内容不合这一栏的类型。' },
    gone: '店长刚删除了“{name}”这一栏', goneBody: '你填的内容没有丢：“{text}”。其他内容已照常保存。', goneKept: '你填的内容没有丢：“{text}”。', toNote: '存为备注', noteSaved: '已存为备注', noteText: '{name}：{text}', drop: '不要了',
    // 筛选
    filter: '按栏目筛选', filterField: '哪一栏', filterPick: '请选择', filterTest: '条件', filterValue: '内容', find: '查找', foundNone: '没有符合的顾客', found: '{n} 位顾客', foundMany: '符合的顾客很多，这里是 {n} 位。要全部，请店长导出。',
    test: { is: '等于', contains: '包含', at_least: '不小于', at_most: '不大于', filled: '填了', empty: '没填' }, dateTest: { at_least: '不早于', at_most: '不晚于' }, choiceTest: { is: '是' }, choicesTest: { contains: '都有' },
  },
};
