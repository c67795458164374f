/** Every error that the plugin raises on purpose. Words live in lang/ under `errors.<code>`. */
export type ErrorCode =
  | 'IM_OPTIONS_INVALID'
  | 'IM_TRX_REQUIRED'
  | 'IM_PAYLOAD_INVALID'
  | 'IM_BODY_UNREADABLE'
  | 'IM_UNAUTHENTICATED'
  | 'IM_FORBIDDEN'
  | 'IM_SETTLEMENT_FORBIDDEN'
  | 'IM_CROSS_SITE'
  | 'IM_NOT_FOUND'
  | 'IM_KEY_REUSED'
  | 'IM_STALE_TARGET'
  | 'IM_STALE_SOURCE'
  | 'IM_NOT_MERGEABLE'
  | 'IM_TARGET_CLOSED'
  | 'IM_MERGED'
  | 'IM_HAS_MERGED'
  | 'IM_CARRIED_LINES_CHANGED'
  | 'IM_TOTAL_CHANGED'
  | 'IM_FIELDS_DIFFER'
  | 'IM_LINES_WITHOUT_SOURCE'
  | 'IM_SETTLEMENT_NOT_OFFERED'
  | 'IM_TARGET_NOT_ISSUED'
  | 'IM_UNDO_REFUSED'
  | 'IM_ALREADY_UNDONE'
  | 'IM_CORRECT_REFUSED'
  | 'IM_ALREADY_CORRECTED'
  | 'IM_NOT_PAYABLE'
  | 'IM_PAYMENT_ALLOCATED'
  | 'IM_PAYMENT_CLOSED'
  | 'IM_PAYMENT_REFUSED'
  | 'IM_TELL_FAILED'
  | 'IM_SAVE_RESULT_INVALID'
  | 'IM_WOULD_COPY'
  | 'IM_HISTORY_EXISTS'
  | 'IM_DATABASE_UNSUPPORTED'
  | 'IM_HOST_FAULT'
  | 'IM_HOOK_INVALID'
  | 'IM_RETRY_EXHAUSTED'
  | 'IM_DISABLED'
  | 'IM_STALE_SETTINGS'
  | 'IM_CREDIT_UNAVAILABLE'
  | 'IM_NOT_MIGRATED'
  | 'IM_HANDOVER_OPEN'
  | 'IM_HANDOVER_CLOSED'
  | 'IM_HANDOVER_DELIVERED'
  | 'IM_HANDOVER_BUSY'
  | 'IM_INTEGRATION_INVALID'
  | 'IM_INTEGRATION_UNAVAILABLE'
  | 'IM_INTEGRATION_IN_USE'
  | 'IM_STALE_INTEGRATION'
  | 'IM_SECRET_KEY'
  | 'IM_TOO_SOON'
  | 'IM_SIGNATURE_INVALID'
  | 'IM_RAW_BODY_MISSING'
  | 'IM_INVOICE_CONFLICT'
  | 'IM_METHOD_INVALID'
  | 'IM_METHOD_NAME_TAKEN'
  | 'IM_METHOD_BUILTIN'
  | 'IM_METHOD_USED'
  | 'IM_METHOD_ARCHIVED'
  | 'IM_INTEGRATION_MISSING'
  | 'IM_IMAGE_REFUSED'
  | 'IM_IMAGE_UPLOAD_OFF'
  | 'IM_MODULE_NAME_TAKEN'
  | 'IM_CASH_PINNED'
  | 'IM_STALE_ORDER'
  | 'IM_NOTHING_TO_UNDO'
  | 'IM_AMOUNT_INVALID'
  | 'IM_OVER_PAID'
  | 'IM_UNDER_PAID'
  | 'IM_METHOD_UNAVAILABLE'
  | 'IM_REFERENCE_MISSING'
  | 'IM_REFERENCE_ILL_FORMED'
  | 'IM_SALE_CLOSED'
  | 'IM_SALE_WAITING'
  | 'IM_NOTHING_LEFT'
  | 'IM_PAYOUT_REFUSED'
  | 'IM_MOVE_REFUSED'
  | 'IM_NO_BILLING'
  | 'IM_EXPORT_TOO_LONG'
  | 'IM_NUMBER_TAKEN'
  | 'IM_NUMBER_REFUSED'
  | 'IM_NUMBER_QUESTIONS'
  | 'IM_NUMBER_UNDONE'
  | 'IM_NOT_A_GAP'
  | 'IM_GAP_EXPLAINED'
  | 'IM_REASON_REQUIRED';

export type ErrorVars = Record<string, unknown>;

export class PluginError extends Error {
  override readonly name = 'PluginError';

  /**
   * @param status the HTTP status that answers it
   * @param vars what the words need; never shown for a status of 500 or more
   */
  constructor(
    readonly code: ErrorCode,
    readonly status: number,
    readonly vars: ErrorVars = {},
    options?: ErrorOptions,
  ) {
    super(`${code} ${JSON.stringify(vars)}`, options);
  }
}

/** By shape, not by class: a host may have two copies of the package. */
export function isPluginError(error: unknown): error is PluginError {
  return (
    error instanceof Error &&
    error.name === 'PluginError' &&
    typeof (error as PluginError).code === 'string' &&
    (error as PluginError).code.startsWith('IM_')
  );
}
