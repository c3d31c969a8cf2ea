/** tertulia: a messaging CRM inside your own program. */
export { Crm, Twilio, WhatsApp, type CrmOptions, type TwilioOptions, type WhatsAppOptions } from "./crm.js";
export * from "./errors.js";
export * from "./handles.js";
export type { Declared, Watch } from "./runtime.js";
export type * from "./types.js";
