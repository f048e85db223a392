/** The desk's work as an iPad sends it, one function for each thing that staff do. */
import type {
  Appointment, AppointmentRequest, CustomerChange, Dossier, FieldData, FieldValuesChange, FollowUp, FollowUpRequest, LookRequest, Note, NoteRequest, OwnForm, OwnFormChange, Product,
  ProductCreate, Purchase, PurchaseRequest, Ticket, TicketChange, TicketRequest, VisitCard, Wish, WishRequest, Words,
} from '../appliance/contract/index.js';
import type { PorticoClient } from './client.js';

export class Desk {
  readonly #ipad: PorticoClient;

  /** @param ipad paired; whoever is signed in does the work */
  constructor(ipad: PorticoClient) {
    this.#ipad = ipad;
  }

  // ---- The manager's ---------------------------------------------------------------------------------------------

  addProduct(product: ProductCreate): Promise<Product> {
    return this.#ipad.call('POST', '/products', product);
  }

  form(): Promise<OwnForm> {
    return this.#ipad.call('GET', '/fields');
  }

  changeForm(change: OwnFormChange): Promise<OwnForm> {
    return this.#ipad.call('PUT', '/fields', change);
  }

  async setQuickNotes(texts: readonly Words[]): Promise<void> {
    await this.#ipad.call('PUT', '/quick-notes', texts.map((text) => ({ text })));
  }

  // ---- Who serves ------------------------------------------------------------------------------------------------

  arrive(customerId: string): Promise<VisitCard> {
    return this.#ipad.call('POST', '/visits', { customerId });
  }

  serve(visitId: string): Promise<VisitCard> {
    return this.#ipad.call('POST', `/visits/${visitId}/serve`);
  }

  lookAt(visitId: string, productId: string): Promise<VisitCard> {
    return this.#ipad.call('POST', `/visits/${visitId}/looks`, { productId } satisfies LookRequest);
  }

  close(visitId: string): Promise<void> {
    return this.#ipad.call('POST', `/visits/${visitId}/close`);
  }

  change(customerId: string, change: CustomerChange): Promise<Dossier> {
    return this.#ipad.call('PATCH', `/customers/${customerId}`, change);
  }

  fillIn(customerId: string, values: readonly { fieldId: string; value: FieldData }[]): Promise<unknown> {
    return this.#ipad.call('PUT', `/customers/${customerId}/fields`, { values: [...values] } satisfies FieldValuesChange);
  }

  /** Asks for consent; the customer says no. */
  async askInVain(customerId: string): Promise<void> {
    await this.#ipad.call('POST', `/customers/${customerId}/consents/ask`);
    await this.#ipad.call('POST', `/customers/${customerId}/consents/refuse`);
  }

  note(customerId: string, text: string): Promise<Note> {
    return this.#ipad.call('POST', `/customers/${customerId}/notes`, { text } satisfies NoteRequest);
  }

  promise(customerId: string, request: FollowUpRequest): Promise<FollowUp> {
    return this.#ipad.call('POST', `/customers/${customerId}/follow-ups`, request);
  }

  wish(customerId: string, request: WishRequest): Promise<Wish> {
    return this.#ipad.call('POST', `/customers/${customerId}/wishes`, request);
  }

  buy(customerId: string, request: PurchaseRequest): Promise<Purchase> {
    return this.#ipad.call('POST', `/customers/${customerId}/purchases`, request);
  }

  openTicket(customerId: string, request: TicketRequest): Promise<Ticket> {
    return this.#ipad.call('POST', `/customers/${customerId}/tickets`, request);
  }

  changeTicket(ticketId: string, change: TicketChange): Promise<Ticket> {
    return this.#ipad.call('PATCH', `/tickets/${ticketId}`, change);
  }

  makeAppointment(customerId: string, request: AppointmentRequest): Promise<Appointment> {
    return this.#ipad.call('POST', `/customers/${customerId}/appointments`, request);
  }

  arrived(productId: string): Promise<Product> {
    return this.#ipad.call('POST', `/products/${productId}/arrived`);
  }
}
