import type { DossierMessages } from './dossier.zh-CN.js';

export const dossierEn: DossierMessages = {
  person: {
    displayName: 'Name', salutation: 'Form of address', phone: 'Phone', tier: 'Tier', memberNo: 'Member number', points: 'Points', email: 'Email', wechat: 'WeChat ID',
    contactBy: 'Prefers to be reached by', contactWhen: 'Good time to reach', contactNever: 'Do not contact', facts: 'Facts', doNot: 'Please note', allergies: 'Allergies', likes: 'Likes',
    dislikes: 'Dislikes', sizes: 'Sizes', dates: 'Important dates', companions: 'Companions',
    contact: 'Contact', contactCard: 'Contact and membership', way_phone: 'phone', way_sms: 'text message', way_wechat: 'WeChat', way_email: 'email',
    never: 'Do not contact', neverBody: 'This customer does not want the store to get in touch.', reachBy: 'By {way}', reachByThen: 'By {way}, else {others}',
    date_birthday: 'Birthday', date_anniversary: 'Anniversary', date_other: 'Other',
    today: 'today', tomorrow: 'tomorrow', inDays: 'in {n} days', yearsOn: '{n} years', age: 'turns {n}', keptOn28: 'kept on 28 February',
    saidOn: 'said {day}, noted by {name}', saidDay: 'said {day}', empty: 'Nothing written down yet', emptyBody: 'How to reach the customer, likes, sizes, important dates: all of it goes here.', fill: 'Add details',
  },
  punctuation: { and: ', ' },
  edit: {
    mind: 'Allergies and what to mind', taste: 'Facts, preferences and sizes', count: '{n}', remove: 'Remove line {n}', more: 'Add', hintOrder: 'They are tried in the order in which they are tapped.',
    whenHint: 'e.g. weekdays after six', neverHint: 'The dossier then says plainly not to get in touch.', allergyHint: 'e.g. allergic to nickel', likeHint: 'e.g. enamel dials', dislikeHint: 'e.g. strong scents', sizeLabel: 'What', sizeValue: 'Size',
    sizeLabelHint: 'e.g. ring', sizeValueHint: 'e.g. 12', dateKind: 'Which day', dateLabel: 'Name', month: 'Month', day: 'Day', year: 'Year (optional)', monthOf: '{n}', dayOf: '{n}',
    companionName: 'Name', relation: 'Relation', relationHint: 'e.g. husband', link: 'Link a dossier', linked: 'Dossier linked', unlink: 'Unlink', findLink: 'Find the dossier by phone number or name',
    nameLong: 'A name has 40 characters at most.', dateInvalid: 'This day does not exist. Check month and day.', sizeHalf: 'A size needs both: what it is of, and how large.', companionHalf: 'A companion needs a name and a relation.', pointsInvalid: 'Points are a whole number, not below 0.',
    memberInvalid: 'A member number has letters, digits and hyphens only, 32 at most.', emailInvalid: 'Check the email address.',
    taken: 'This phone number already belongs to another customer', takenBody: 'It may be the same person: have a look at that dossier. If two people share it, such as a couple, both may keep it.', memberTaken: 'This member number already belongs to another customer', openOther: 'Open that dossier', bothUse: 'Both use this number',
  },
  conflict: {
    title: 'Somebody else has just changed the same', body: 'Nothing is saved yet. Choose what shall stand.', bodyMany: 'Nothing is saved yet. Choose for each what shall stand.', theirs: 'Now', mine: 'Mine', keepMine: 'Use mine', takeTheirs: 'Keep the present', save: 'Save as chosen', nothing: '(empty)', yes: 'yes', no: 'no',
  },
  timeline: {
    filter: 'Show', all: 'All',
    kind_note: 'Notes', kind_visit: 'Visits', kind_purchase: 'Purchases', kind_wish: 'Wishes', kind_ticket: 'Tickets', kind_appointment: 'Appointments', kind_followUp: 'Follow-ups', kind_consent: 'Consent', kind_file: 'Files',
    kind_field: 'Details', kind_dossier: 'Dossier',
    note: 'Note', visit: 'Visit', handed_over: 'Handed over', purchase: 'Purchase', return: 'Return', wish: 'Put on the wish list', wish_arrived: 'Wish has arrived', wish_bought: 'Wish bought', wish_dropped: 'Wish dropped', ticket: 'Ticket opened', ticket_ready: 'Ready to be fetched',
    ticket_done: 'Ticket done', appointment_planned: 'Appointment', appointment_kept: 'Appointment kept', appointment_missed: 'Appointment missed', appointment_cancelled: 'Appointment cancelled', followUp: 'New follow-up', followUp_done: 'Follow-up done',
    consent: 'Consent signed', consent_ended: 'Consent ended', file: 'File added', field: '{n} detail updated | {n} details updated', dossier: 'Dossier made', dossier_merged: 'Dossier merged', times: '{text} × {n}', noticeVersion: 'notice version {n}', minutes: 'stayed about {n} min',
  },
  chips: {
    label: 'Quick notes', written: 'Noted: {text}', pending: 'syncs in five seconds', settings: 'Quick notes', edit: 'Edit', settingsBody: 'Short sentences that one tap writes down. One language is enough: the other then says the same.', zh: '中文', en: 'English',
    up: 'Move up', down: 'Move down', remove: 'Remove', add: 'Add one', save: 'Save', saved: 'Quick notes saved', restore: 'As delivered', restored: 'Quick notes are as delivered again', atLeastOne: 'Keep at least one; “As delivered” brings the usual ones back.',
  },
};
