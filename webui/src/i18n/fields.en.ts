import type { fieldsZh } from './fields.zh-CN.js';

export const fieldsEn: typeof fieldsZh = {
  fields: {
    title: 'Own fields',
    settingsBody: 'Give dossiers the fields your store needs, such as ring size or members\' group, without a developer.',
    lead: 'Sections and fields appear in every customer\'s dossier. Press "Save" when done; all iPads follow at once.',
    loading: 'Reading the fields…',
    none: 'No own fields yet',
    noneBody: 'Make a section first, such as "Bespoke", then add fields to it.',
    unsaved: 'Changed, not saved yet', savedAll: 'All saved', saved: 'Fields saved', discard: 'Discard changes', discarded: 'Changes discarded',
    addSection: 'New section', sectionName: 'Name of the section', sectionNameEn: 'Name in English', sectionHint: 'e.g. Bespoke', sectionEmpty: 'No fields in this section yet.',
    removeSection: 'Remove section', removedSection: '"{name}" and its fields removed', up: 'Move up: {name}', down: 'Move down: {name}', newSection: 'New section',
    addField: 'Add a field', newField: 'New field', fieldTitle: 'Edit field', pickKind: 'What goes into it?', kindFixed: 'The kind cannot change later. For another kind make another field.',
    name: 'Name', nameEn: 'Name in English', nameHint: 'e.g. Ring size', sameAsZh: 'Left empty: as in Chinese', required: 'Required', requiredBody: 'Must be filled when this section is saved.',
    managerOnly: 'Managers only', managerOnlyBody: 'Associates neither see it nor find by it. The privacy officer sees it.', done: 'Done', removeField: 'Remove this field', removedField: '"{name}" removed', nameless: 'Unnamed',
    kind: { text: 'Text', number: 'Number', money: 'Money', date: 'Date', choice: 'One of several', choices: 'Some of several', yes_no: 'Yes or no', product: 'Product', photo: 'Photo of a thing' },
    kindExample: {
      text: 'e.g. prefers a seat by the window', number: 'e.g. ring size 14.5', money: 'e.g. budget 20,000', date: 'e.g. wedding day', choice: 'pick one, e.g. gold, silver, platinum', choices: 'pick some, e.g. favourite colours',
      yes_no: 'e.g. joined the members\' group', product: 'one of your products', photo: 'a watch, a sole; never a face',
    },
    options: 'Options', option: 'Option {n}', optionEn: 'Option {n} in English', addOption: 'Add an option', removeOption: 'Remove option: {name}', backOption: 'Bring back: {name}', removedOptions: 'Removed options, to be brought back within 30 days:',
    why: {
      sectionName: 'A section has no name.', sectionTwice: 'Two sections have the same name.', fieldName: 'Give the field a name.', options: 'There must be at least two options.', optionName: 'An option has no name.', card: 'A field on the card must be visible to everybody.',
    },
    removed: 'Removed fields', removedBody: 'What stood in them is still there; at the end it is deleted for good, with its history.', untilDay: 'Can be brought back until {day}', untilSave: 'Removed when you save; can be brought back for 30 days', held: '{n} customer has something in it | {n} customers have something in it', bringBack: 'Bring back', broughtBack: '"{name}" is back',
    card: 'Three facts on the card', cardBody: 'What is seen first when a customer comes in. Places with nothing to show are skipped.', place: 'Place {n}', asDelivered: 'Facts (default)', freeFacts: 'With none chosen, the dossier\'s facts are shown.', preview: 'Preview', previewName: 'Lin Zhixia', previewTier: 'Gold',
    builtin: { fact: 'Fact', size: 'Size', like: 'Likes', wish: 'Oldest wish', last_purchase: 'Last bought', points: 'Points', date: 'Next date' },
    sample: {
      fact: 'Drinks oolong', size: 'Ring: 12', like: 'Likes: silver', wish: 'Wish: Moonlight watch', last_purchase: 'Last bought: pearl studs', points: 'Points: 3,200', date: 'Birthday: 3 May',
      text: 'a seat by the window', number: '14.5', money: '¥20,000', date_: '3 May 2026', choice: 'option', yes_no: 'yes', product: 'Moonlight watch',
    },
    ofForm: 'Own fields', ofBox: 'From the dossier',
    conflict: 'Another manager has just changed the fields', conflictBody: 'Your changes are not saved yet. This is how the fields are now:', keepMine: 'Keep my changes', keepMineBody: 'Fields that they added stay too. Look, then save.', takeTheirs: 'Take theirs',
    export: 'Export', exportBody: 'Member number, dossier id and the chosen fields; no names or phone numbers. Customers whose processing is restricted are left out. Each export is written down.', exportPick: 'Which fields', exportAll: 'All', exportButton: 'Export as a table (CSV)', exportFile: 'own-fields',
    exportUnsaved: 'Save your changes first.', exportNone: 'No fields to export yet.',
    edit: 'Fill in', editOf: 'Fill in: {name}', empty: 'empty', emptyRequired: 'required, still empty', changed: 'changed {n} times', history: 'History: {name}', historyLine: '{name}, {when}', wasEmpty: 'empty',
    former: 'Also in merged dossiers', formerBody: 'These fields are empty in this dossier. Whether it is the same person\'s is for you to judge.', formerFrom: 'from the dossier of "{name}"', takeOver: 'Use this', takenOver: 'Written into "{name}"',
    saved_: 'Saved', choose: { product: 'Choose a product', photo: 'Take or choose a photo' }, photoRule: 'Things only: no face may be in it.', openPhoto: 'Open the photo: {name}', clear: 'Clear', yes: 'Yes', no: 'No', noOne: 'The store has no own fields yet.',
    gone: 'A manager has just removed the field "{name}"', goneBody: 'What you typed is not lost: "{text}". The rest was saved.', goneKept: 'What you typed is not lost: "{text}".', toNote: 'Save as a note', noteSaved: 'Saved as a note', noteText: '{name}: {text}', drop: 'Drop it',
    filter: 'Filter by field', filterPick: 'Choose a field', filterField: 'Field', filterTest: 'Condition', filterValue: 'Value', find: 'Find', foundNone: 'No customer fits', found: 'Customers found: {n}', foundMany: 'Many customers fit; here are {n}. For all of them ask a manager for the export.',
    test: { is: 'is', contains: 'contains', at_least: 'at least', at_most: 'at most', filled: 'is filled', empty: 'is empty' }, dateTest: { at_least: 'not before', at_most: 'not after' }, choiceTest: { is: 'is' }, choicesTest: { contains: 'has all of' },
  },
};
