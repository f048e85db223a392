/** Requests about products, dealings and files, one line each. Wishes, purchases and tickets are made by the outbox (api/unsent.ts). */
import type {
  Appointment, AppointmentChange, AppointmentRequest, DayAppointment, ListedProduct, Product, ProductChange, ProductCreate, ProductImport, Purchase, ReturnRequest, StoredFile,
  Ticket, TicketChange, Wish,
} from '../contract.js';
import { call, callFile } from './client.js';

const id = encodeURIComponent;

export const dealings = {
  products: (query: string, limit = 30, signal?: AbortSignal) => {
    const search = new URLSearchParams({ limit: String(limit) });
    if (query.trim()) search.set('query', query.trim());
    return call<ListedProduct[]>('GET', `/products?${search}`, signal ? { signal } : {});
  },
  addProduct: (request: ProductCreate) => call<Product>('POST', '/products', { json: request }),
  changeProduct: (productId: string, change: ProductChange) => call<Product>('PATCH', `/products/${id(productId)}`, { json: change }),
  hideProduct: (productId: string, keepalive = false) => call<void>('DELETE', `/products/${id(productId)}`, { keepalive }),
  arrived: (productId: string) => call<Product>('POST', `/products/${id(productId)}/arrived`),
  /** `dryRun`: only says what would become of it. */
  importProducts: (csv: Blob, dryRun: boolean) => call<ProductImport>('POST', `/products/import${dryRun ? '?dryRun=true' : ''}`, { file: new Blob([csv], { type: 'text/csv' }) }),

  endWish: (wishId: string, outcome: 'bought' | 'dropped', keepalive = false) => call<Wish>('POST', `/wishes/${id(wishId)}/end`, { json: { outcome }, keepalive }),
  takeBackPurchase: (purchaseId: string) => call<void>('DELETE', `/purchases/${id(purchaseId)}`),
  returnPurchase: (purchaseId: string, request: ReturnRequest) => call<Purchase>('POST', `/purchases/${id(purchaseId)}/return`, { json: request }),
  changeTicket: (ticketId: string, change: TicketChange) => call<Ticket>('PATCH', `/tickets/${id(ticketId)}`, { json: change }),
  addAppointment: (customerId: string, request: AppointmentRequest) => call<Appointment>('POST', `/customers/${id(customerId)}/appointments`, { json: request }),
  changeAppointment: (appointmentId: string, change: AppointmentChange) => call<Appointment>('PATCH', `/appointments/${id(appointmentId)}`, { json: change }),
  /** Of today. */
  appointments: () => call<DayAppointment[]>('GET', '/appointments'),

  addFile: (customerId: string, file: Blob, name: string, fileId: string) =>
    call<StoredFile>('POST', `/customers/${id(customerId)}/files?${new URLSearchParams({ name, id: fileId })}`, { file }),
  removeFile: (fileId: string, keepalive = false) => call<void>('DELETE', `/files/${id(fileId)}`, { keepalive }),
  file: (fileId: string) => callFile(`/files/${id(fileId)}`),
  /** Where an `<img>` finds a stored picture. */
  pictureUrl: (fileId: string) => `/api/v1/files/${id(fileId)}`,
} as const;
