import { BERT } from './bert-weights.ts';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;
const LETTERS = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));

/** The word pieces of the sample BERT, by id: special tokens, a few words, letters, and letters inside words. */
export const VOCABULARY: readonly string[] = [
  ...SPECIAL,
  ...['hello', 'world', 'test'],
  ...LETTERS,
  ...LETTERS.map((letter) => `##${letter}`),
];

/** `tokenizer.json`: lower-casing WordPiece with `[CLS]` before and `[SEP]` after. */
export function tokenizerJson(): string {
  const piece = (token: string) => ({ id: token, ids: [VOCABULARY.indexOf(token)], tokens: [token] });
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const single = [special('[CLS]'), sequence('A', 0), special('[SEP]')];
  return json({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), { SpecialToken: { id: '[SEP]', type_id: 1 } }],
      special_tokens: { '[CLS]': piece('[CLS]'), '[SEP]': piece('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCABULARY.map((token, id) => [token, id])),
    },
  });
}

export function tokenizerConfigJson(): string {
  return json({
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    model_max_length: BERT.positions,
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    mask_token: '[MASK]',
  });
}

/** `config.json` of the sample BERT. */
export function bertConfigJson(): string {
  return json({
    model_type: 'bert',
    architectures: ['BertModel'],
    hidden_act: 'relu',
    hidden_size: BERT.hidden,
    num_hidden_layers: BERT.layers,
    num_attention_heads: BERT.heads,
    intermediate_size: BERT.feedForward,
    vocab_size: BERT.vocabulary,
    max_position_embeddings: BERT.positions,
    type_vocab_size: BERT.types,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
  });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
