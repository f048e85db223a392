/** The words of finding customers without a face. */
export const findingZh = {
  finding: {
    scan: '扫码', scanTitle: '扫会员码', scanHint: '把会员码或条码放进框里。画面不会离开这台 iPad。', flip: '换个镜头', again: '再扫一个', found: '找到了', product: '商品：{name}', lookAsked: '{name}在看“{product}”吗？', lookYes: '是的', scanProduct: '扫条码', notProduct: '没有这个条码的商品：{code}',
    by_member_code: '会员码有效', by_tag: '会员卡相符', by_member_no: '会员号相符', by_phone: '手机号相符', choose: '这个手机号有几位顾客，请问是哪一位',
    in_phone: '手机号相符', in_member: '会员号相符', in_contact: '邮箱或微信相符', in_companion: '同行人 {text}', in_former: '合并前的姓名 {text}', in_note: '备注：{text}', in_field: '{text}',
    waysIn: '会员码与会员卡', codeNone: '还没有会员码。顾客可以用自己的手机出示。', codeSince: '会员码自 {day} 起可用', codeMake: '生成会员码', codeRenew: '换新的会员码', codeEnd: '停用', codeEnded: '会员码已停用',
    codeTitle: '顾客的会员码', codeQr: '打开会员码页面的二维码', codeScan: '请顾客用自己的手机扫这个码，并保存打开的页面。', codeWifi: '手机要先连上店内 Wi-Fi。第一次打开会提示连接不安全：门店盒用的是自己的证书，选“继续访问”即可。', codeOnce: '这个码只在这里显示一次。', codeBefore: '以前的会员码已经失效。',
    tag: '会员卡', tagNone: '没有登记会员卡。', tagAdd: '登记会员卡', tagHold: '请把会员卡靠近读卡器', tagWhat: '门店盒只保存一个校验值，不能用来复制卡片。', tagAdded: '会员卡已登记', tagRemove: '移除', tagRemoved: '会员卡已移除',
    memberTitle: '我的会员码', memberShow: '到店时请出示给店员', memberQr: '会员码，每 30 秒更换', memberLeft: '剩余时间', memberNo: '会员号 {no}', memberOffline: '没有网络也能出示。',
    memberNone: '这个地址里没有会员码', memberNoneBody: '请到店里让店员生成会员码，用手机扫屏幕上的二维码打开。',
    memberInvalid: '这个会员码已经失效', memberInvalidBody: '请到店里让店员重新生成，也可以报手机号。',
    duplicates: '{n} 组档案可能重复', duplicatesTitle: '可能重复的档案', duplicatesBody: '同一位顾客有两份档案时，选择保留哪一份，另一份的备注、跟进和到店记录会并过去，以后也可以拆开。', duplicatesNone: '没有可能重复的档案',
    same_phone: '手机号相同', same_name: '姓名相同', same_name_sound: '姓名同音', same_birthday: '生日相同', same_email: '邮箱相同', same_wechat: '微信相同', same_phone_tail: '手机尾号相同',
    shared: '可能是一家人共用', keep: '合并，保留这份', notSame: '不是同一人', merged: '已合并到{name}', dismissed: '已标记为两个人',
    mergeConsent: '不保留的那份档案如有人脸识别同意，会随合并终止，需要重新签署。', alike: '已经有这样的顾客，请先确认不是同一人：',
  },
};
