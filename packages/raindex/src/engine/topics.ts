/** Topics of the events of order books V5 and V6, and of their store. */
export const topics = {
  AddOrderV3: '0x87491344dfbcf91f6cbbc610cbbeedc85313d37a02df0c93527f7ea5f8db717f',
  RemoveOrderV3: '0x09d18501db0080ca2d6cd7c17fa7255daff4b2d503ea93b76ff68b6752ea8e63',
  DepositV2: '0x7f9dfa19cf1cc2f806f2f860fbc9c056b601fb1afc0e9b843dfe5c63616268e6',
  WithdrawV2: '0x8045c25080b0868951141ed0a91720bcad09a8364a2b3109ee1fd49c1f0bc8b8',
  TakeOrderV3: '0x194f1feb3b4d7076a2c272e774e792e0c48bb8c7aa1a9a3671c1cd6da9e6b4c1',
  ClearV3: '0x6fa7f4c28634b0a9d6831401c45ae468195fb63aed07308935c35374ff5d9e39',
  AfterClearV2: '0xd9fa84dd790c969daa5c33d8050dc06b4a9b59d5b42e2be5f5e8ae20447f618d',
  OrderNotFound: '0xb70c12fa453793fa6818ec07c91e74363a47aa6a6829dcd9533937fdf30314f3',
  OrderZeroAmount: '0x500b713857325f9e6dcb52ae832eca9109d107ed1aae9cb4928b4c1e13f051aa',
  OrderExceedsMaxRatio: '0xe3151dc8cb7a54ffc4baabd28c1f241c94d510b5e5b502491ac3cad6c16316d5',
  MetaV1_2: '0xd46c2c56b35c8210e9e712ec3f02242d5fc90187c0ac8ed80cc33626846ec369',
  ContextV2: '0x4cb6e22a3e7e651d7cf0376cff48f20f5007a54147777865be7f5f6c38c50f4a',
  Set: '0x245edc72356e0d4eee6c8edc5e2f5cbe7cc71f347769147ef686bc681845da87',
} as const

/** Topics of order book V4 and its store, to refuse them by name. */
export const olderTopics = {
  Deposit: '0xdcbc1c05240f31ff3ad067ef1ee35ce4997762752e3a095284754544f4c709d7',
  Withdraw: '0xebff2602b3f468259e1e99f613fed6691f3a6526effe6ef3e768ba7ae7a36c4f',
  AddOrderV2: '0x3ce8bbe652d8778b67dd565c479c3bbaa843e55e477d075f756f889ec4bbdaee',
  RemoveOrderV2: '0xa2d7a96afe77c99b6a2d72ca8b4d3c5c88b6466ee34ca74e0955951f449425c8',
  TakeOrderV2: '0x10de99b9032184587540c04e1850dff94a7683ae1fcc9eb06098621c739c0275',
  ClearV2: '0x692ee69af2843c70772be93470669f3c73e583316a047b6bfefdae5629de37ce',
  AfterClear: '0x3f20e55919cca701abb2a40ab72542b25ea7eed63a50f979dd2cd3231e5f488d',
  'store Set': '0x0b21d5252af0bf3501a80676d626577e67cf86107154a76664b5b7994cc8fd8c',
} as const
