import type { DealingsMessages } from './dealings.zh-CN.js';

export const dealingsEn: DealingsMessages = {
  products: {
    title: 'Products', settings: 'Products', settingsBody: 'What the store sells: for wish lists, purchases and searching. Can be imported from a spreadsheet.',
    searchLabel: 'Find a product', placeholder: 'Name, number, barcode, brand', loading: 'Reading the products', none: 'No such product found', noneBody: 'Try another word, or check the number.', empty: 'No products yet',
    emptyBody: 'A manager can add or import them under Settings › Products.', emptyManager: 'Add them one by one, or import a spreadsheet (CSV).', more: 'The first {n} are shown; search for the others.', asTyped: 'Write down “{text}” as it is', outOfStock: 'out of stock',
    add: 'Add product', edit: 'Edit product', saved: 'Product saved', hide: 'Take off the list', hidden: '“{name}” is off the list; earlier purchases stay as they are',
    waiting: '{n} customer waits | {n} customers wait', cameIn: 'This article has come in',
    arrived: 'Has arrived', arrivedOf: '{name} has arrived', arrivedSaid: '“{name}” has arrived; the dossiers of whoever wishes for it say so',
    name: 'Name', sku: 'Number', price: 'Price', brand: 'Brand', category: 'Category', barcode: 'Barcode', barcodeHint: 'A scanner can type it', inStock: 'In stock',
    import: 'Import a spreadsheet', importBody: 'Save the spreadsheet as CSV, choose it, look it over, then import. Products of the same number are updated, others are added; none is deleted.', importColumns: 'The first line holds the headings, in English or Chinese; number and name are needed, the others optional. CSV straight from Excel is read too, up to 1 MB.',
    column: { sku: 'SKU / 货号', name: 'Name / 名称', category: 'Category / 分类', brand: 'Brand / 品牌', price: 'Price / 价格', barcode: 'Barcode / 条码', inStock: 'In stock / 库存' },
    importChoose: 'Choose a CSV file', importOther: 'Choose another file', importing: 'Reading the spreadsheet…', importGo: 'Import {n} product | Import {n} products', importNothing: 'Nothing to import', importExample: 'Download the template', csvName: 'products-template.csv',
    csvExample: 'sku,name,category,brand,price,barcode,in stock\r\nL2-001,Moon phase automatic watch,Watches,Example,12800,6900000000012,yes\r\nB-017,Alligator strap 20 mm,Accessories,Example,1280.50,,yes\r\n',
    imported: '{added} added, {changed} updated, {unchanged} unchanged.', wouldImport: '{added} will be added, {changed} updated, {unchanged} stay as they are; {refused} not taken.', sample: 'The first lines', becomes: { added: 'new', changed: 'updated', unchanged: 'unchanged' }, problems: 'Lines with a problem',
    wouldRefuse: '{n} line has a problem and will not be imported | {n} lines have a problem and will not be imported', wouldRefuseBody: 'Mend the spreadsheet and choose it again, or import the other lines now.', refused: '{n} line was not imported | {n} lines were not imported', refusedLine: 'Line {line}', refusedMore: 'Only the first {n} problems are listed.', refusedBody: 'All other lines were. Mend these and import the file again; nothing comes twice.',
    problem_empty: 'is needed and empty', problem_too_long: 'is too long', problem_price_invalid: 'is no price, or has too many decimals', problem_barcode_invalid: 'may hold letters, digits and signs only', problem_stock_invalid: 'should be yes, no or a number',
    problem_sku_twice: 'this number stands in the file twice', problem_barcode_taken: 'this barcode belongs to another product', problem_columns_wrong: 'more columns than headings; check commas and quotes',
  },
  dealings: {
    wishes: 'Wish list', wishAdd: 'Add a wish', noWishes: 'No open wishes', arrived: 'arrived {day}', bought: 'Bought', wishDrop: 'Not wanted any more', wishDropOf: 'Not wanted any more: {name}', wishDropped: 'Taken off the wish list', wishesEnded: 'Earlier wishes ({n})',
    outcome_bought: 'bought', outcome_dropped: 'no longer wanted',
    purchases: 'Purchases', purchaseAdd: 'Add a purchase', noPurchases: 'No purchases yet', pieces: '{n} ×', receipt: 'receipt {no}', other: 'Something else', amountNeeded: 'Enter what was paid to save.', quantity: 'How many', less: 'One less', more: 'One more', amount: 'Paid', receiptNo: 'Receipt number',
    purchaseSave: 'Save purchase', purchaseSaved: 'Purchase saved', takeBack: 'Take back', takenBack: 'Taken back', return: 'Return', returnOf: 'Return: {name}', returnQuantity: 'How many come back', returnAmount: 'Refund', returnMost: 'At most {amount}',
    returnSave: 'Save return', returnSaved: 'Return saved', backOn: 'returned {day}: {n} ×, {amount}',
    tickets: 'Service tickets', ticketAdd: 'New ticket', noTickets: 'No tickets', ticketSubject: 'What is it about', ticketPlaceholder: 'e.g. new battery, shorten strap', ticketDetail: 'Details', ticketDue: 'Due on (optional)', ticketStateOf: 'State of the ticket: {name}',
    ticket_open: 'Open', ticket_waiting: 'Waiting', ticket_ready: 'Ready', ticket_done: 'Done',
    appointments: 'Appointments', appointmentAdd: 'New appointment', noAppointments: 'No appointments', day: 'Day', time: 'Time', lasts: 'Lasts', minutes: '{n} min', withWhom: 'Adviser', anybody: 'Anybody', appointmentSubject: 'What for', appointmentPlaceholder: 'e.g. fitting, pick-up',
    appointmentStateOf: 'State of the appointment: {name}', appointment_planned: 'Planned', appointment_kept: 'Came', appointment_missed: 'Missed', appointment_cancelled: 'Cancelled',
    today: 'Appointments today',
  },
  files: {
    add: 'Take a photo or choose a file', sending: 'Checking and saving…', rule: 'Papers and photos of things only (JPEG, PNG, HEIC, PDF, up to 4 MB). No faces in the photos.', none: 'No files yet', noneBody: 'Warranty cards, invoices and photos of things left for repair go here.', remove: 'Remove {name}',
    removed: 'File removed', photo: 'Photo {when}',
  },
};
