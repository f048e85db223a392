import type { Widen } from './zh-CN.js';
import type { findingZh } from './finding.zh-CN.js';

export const findingEn: Widen<typeof findingZh> = {
  finding: {
    scan: 'Scan', scanTitle: 'Scan a member code', scanHint: 'Bring the member code or barcode into the frame. The picture does not leave this iPad.', flip: 'Other camera', again: 'Scan another', found: 'Found', product: 'Product: {name}', lookAsked: 'Is {name} looking at “{product}”?', lookYes: 'Yes', scanProduct: 'Scan a barcode', notProduct: 'No product has this code: {code}',
    by_member_code: 'Valid member code', by_tag: 'By member card', by_member_no: 'By member number', by_phone: 'By phone number', choose: 'Several customers share this number. Which one is it?',
    in_phone: 'By phone number', in_member: 'By member number', in_contact: 'By email or WeChat', in_companion: 'Companion {text}', in_former: 'Before the merge: {text}', in_note: 'Note: {text}', in_field: '{text}',
    waysIn: 'Member code and cards', codeNone: 'No member code yet. Customers show it on their own phone.', codeSince: 'Member code since {day}', codeMake: 'Make a member code', codeRenew: 'New member code', codeEnd: 'End it', codeEnded: 'Member code ended',
    codeTitle: 'The customer\'s member code', codeQr: 'QR code that opens the member code page', codeScan: 'Ask the customer to scan this with their own phone, and to keep the page that opens.', codeWifi: 'The phone has to be on the store’s Wi-Fi. The first time it warns of the connection, because the box has a certificate of its own: go on to the site.', codeOnce: 'It is shown here only once.', codeBefore: 'The member code from before no longer works.',
    tag: 'Member card', tagNone: 'No member card.', tagAdd: 'Add a card', tagHold: 'Hold the card to the reader', tagWhat: 'The box keeps only a check value that cannot be used to copy the card.', tagAdded: 'Card added', tagRemove: 'Remove', tagRemoved: 'Card removed',
    memberTitle: 'My member code', memberShow: 'Show this to the staff when you come', memberQr: 'Member code, changes every 30 seconds', memberLeft: 'Time left', memberNo: 'Member number {no}', memberOffline: 'Works without a network, too.',
    memberNone: 'There is no member code in this address', memberNoneBody: 'Ask the staff in the store to make one, and scan the code on their screen with your phone.',
    memberInvalid: 'This member code is no longer valid', memberInvalidBody: 'Ask the staff for a new one, or say your phone number.',
    duplicates: '{n} possible duplicate | {n} possible duplicates', duplicatesTitle: 'Possible duplicates', duplicatesBody: 'When one customer has two dossiers, choose the one that stays. Notes, follow-ups and visits of the other go there; they can be taken apart again.', duplicatesNone: 'No possible duplicates',
    same_phone: 'Same phone', same_name: 'Same name', same_name_sound: 'Name sounds alike', same_birthday: 'Same birthday', same_email: 'Same e-mail', same_wechat: 'Same WeChat', same_phone_tail: 'Same last digits',
    shared: 'Perhaps shared in a family', keep: 'Merge, keep this one', notSame: 'Not the same person', merged: 'Merged into {name}', dismissed: 'Marked as two people',
    mergeConsent: 'If the dossier that goes has a consent to face recognition, the merge ends it; it has to be signed anew.', alike: 'There is such a customer already. Make sure that it is not the same person:',
  },
};
