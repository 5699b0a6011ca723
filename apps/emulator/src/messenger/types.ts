/** A person or a bot: https://core.telegram.org/bots/api#user */
export interface User {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly username?: string;
}

/** https://core.telegram.org/bots/api#inlinekeyboardbutton */
export interface KeyboardButton {
  readonly text: string;
  readonly url?: string | undefined;
  readonly callback_data?: string | undefined;
}

export interface InlineKeyboard {
  readonly inline_keyboard: readonly (readonly KeyboardButton[])[];
}

/** https://core.telegram.org/bots/api#message */
export interface Message {
  readonly message_id: number;
  readonly from: User;
  readonly chat: { readonly id: number; readonly type: 'private'; readonly first_name: string };
  /** Seconds since 1970. */
  readonly date: number;
  readonly text: string;
  readonly reply_markup?: InlineKeyboard;
}

/** https://core.telegram.org/bots/api#callbackquery */
export interface CallbackQuery {
  readonly id: string;
  readonly from: User;
  readonly message: Message;
  readonly chat_instance: string;
  readonly data: string;
}

/** https://core.telegram.org/bots/api#update */
export interface Update {
  readonly update_id: number;
  readonly message?: Message;
  readonly callback_query?: CallbackQuery;
}
