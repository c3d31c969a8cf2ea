/** tertulia: a messaging CRM inside your own program. */
export { Crm, WhatsApp, type CrmOptions, type WhatsAppOptions } from "./crm.js";
export * from "./errors.js";
export * from "./handles.js";
export type { Declared, Watch } from "./runtime.js";
export type * from "./types.js";
