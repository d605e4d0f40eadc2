import { demoRemote } from './demo-endpoint.ts'

/** What there is more to read about. */
export const helpTopics = ['db', 'torii', 'raindex'] as const

export type HelpTopic = (typeof helpTopics)[number]

/** The help of one command, or of the whole command line. */
export function help(topic?: HelpTopic): string {
  const topics = topic === undefined ? helpTopics : [topic]
  const parts = topics.map((each) => commands[each])
  return [topic === undefined ? overview : `freshet ${topic}`, ...parts, common].join('\n\n')
}

const overview = `freshet: live tables, worlds and order books from the command line

  freshet db ENTITY COMMAND…     reads and writes rows
  freshet torii COMMAND URL …    reads a Dojo world from its Torii
  freshet raindex COMMAND …      follows and computes with a Raindex order book
  freshet demo                   starts a SurrealDB with the bakery of Hill Valley in it

freshet db --help, freshet torii --help and freshet raindex --help keep to one of them.`

const tables = `Commands for rows, done from left to right

  list                   the rows, as a table
  get                    the first row, as JSON
  add ID JSON            inserts a row; one that is there already is left as it is
  delete ID              deletes a row
  watch                  shows rows as they change, until Ctrl-C
  FIELD=VALUE            narrows what follows; the value is read as what the column holds
  ?TEXT                  narrows to rows with this text in a column, whatever its case; put it in quotes
  page=N  ipp=N          shows one page; 50 rows unless ipp says otherwise
  ref                    names the references of the entity
  ref NAME COMMAND…      goes on with the rows that these rows point at

Options for rows

  --url URL              a SurrealDB server (default ${demoRemote.url}, the demo),
                         or postgres://user@host/database, with the tables as they are there
  --config FILE.yaml     your own entities and connection; see below
  --refresh              ask the database, though the cache knows
  --no-cache             keep nothing, also not during the run

A configuration names where the rows are and what they look like:

  connection:
    url: ws://127.0.0.1:8000/rpc      # or sqlite: ./bakery.sqlite, or postgres://user@host/database
    namespace: demo
    database: hill_valley
    username: reader                  # optional; the password comes from FRESHET_PASSWORD
  entities:
    client:
      columns: { name: text, balance: decimal, bakery: recordId }
      references:
        orders: { many: order, field: client }
        bakery: { one: bakery, field: bakery }

For instance

  freshet db client list
  freshet db client is_paying_client=true page=1 ipp=2 list
  freshet db client '?mcfly' list
  freshet db client id=marty ref orders list
  freshet db product add scone '{"name":"Scone","price":90}'
  freshet db product watch`

const worlds = `Commands for a world

  status URL                        the server, its world and models
  sync URL [MODEL…]                 reads the models, or all, and counts their entities
  query URL MODEL [MEMBER=VALUE…]   the entities that match, one JSON document per line
  watch URL MODEL                   shows entities as they change, until Ctrl-C

For instance

  freshet torii query http://127.0.0.1:8080 ns-Position vec.x=4 --cache worlds`

const orderBooks = `Commands for an order book

  float EXPR                        a decimal float as the contract computes it: + - * / ( )
                                    abs inv min max, numbers and words of 32 bytes
  state [vaults|orders|store]       what the order book of --logs holds
  simulate quote [ORDER [IN OUT]]   what an order, or every order, offers for its tokens number
                                    IN and OUT, its program run with the code in --contracts
  simulate take ORDER[:IN:OUT] …    what taking these orders would give, cost and change, in this
                                    order, at most --max of what is received
  live                              plays --script and prints the states as they change
  sync                              reads the order book from the node --rpc into the file --db
  quote [ORDER [IN OUT]]            what an order, or every order, offers: computed from --db, and
                                    answered by the node at the same block
  replay ORDER [IN OUT]             what it would have offered at every --step between --from and
                                    --to, from --db alone, as a table --csv or a picture --svg
  serve                             keeps the order books of --db live and answers over HTTP

Options for an order book

  --host ADDRESS         where serve listens (default 127.0.0.1); any other needs FRESHET_TOKEN,
                         which requests then bear
  --postgres URL         servers with the same one share their books: one reads the chain, the others
                         follow it and take over when it ends; better in FRESHET_POSTGRES, where
                         nobody sees it, or its password in FRESHET_PASSWORD
  --shared FILE          the same for servers of one machine, in a file
  --workers N            threads that serve quotes on beside its own, for all books together
                         (default one less than there are processors, at most 4; 0 for none)
  --logs FILE.ndjson     what eth_getLogs answers for an order book and its stores, a log per line
  --at BLOCK             the state at the end of this block; the last one unless told
  --orderbook ADDRESS    the order book, where there are several; with --settings its name will do
  --settings FILE        the public settings file: order books by name, their nodes and first blocks
  --sha256 HEX           checksum of the dump that the file lists, for a sync to begin from
  --import FILE          a database or dump of the public tool, whose events an empty --db takes over
                         before sync reads on from the node
  --v6                   it is of version 6, where vault 0 is the owner's wallet
  --decimals TOKEN=N     the decimals of a token, where no withdrawal shows them; may be repeated
  --contracts DIR        JSON files {name, address, runtime}: the code that orders run on
  --chain N              the id of the chain, for programs that ask for it
  --counterparty ADDRESS who would take; the zero address unless told
  --max, --min AMOUNT    the most and the least to take
  --ratio AMOUNT         the most to give per unit received; any unless told
  --by-output            --max and --min mean what is given; order book V6 only
  --script FILE|demo     what live plays (default demo)
  --rpc URL              a node of the chain; may be repeated, the preferred one first; serve is
                         told of new blocks by one that is named with wss://
  --db FILE              the local database of order books
  --from, --to           the first block of a sync; the times of a replay, such as
                         2026-11-20T10:00:00Z; all there is unless told
  --step 1s|5m|1h        time between the points of a replay (default 1s)
  --signed FILE.json     what oracles have signed, [{signer, context, signature}], for a quote, or for
                         every point of a replay; as-taken: at each point what was signed for the
                         last take before it
  --csv [FILE]           the points of a replay as a table, printed or written to a file
  --svg FILE             the same as a picture

For instance

  freshet raindex float '1.5 * (2 + 0.25)'
  freshet raindex state vaults --logs events.ndjson --at 360000000
  freshet raindex sync --rpc http://127.0.0.1:8545 --orderbook 0x… --db book.sqlite`

const commands: Readonly<Record<HelpTopic, string>> = { db: tables, torii: worlds, raindex: orderBooks }

const common = `Options for all

  --cache DIR            keep what is read in this folder; a later run is answered from there,
                         also while the database is stopped, and says so; a watch of PostgreSQL
                         goes on where the one before ended
  --json                 one JSON document per line
  --debug                show cache, queue and events, and where an error came from
  --port N               the port of the demo, or of serve
  --help, --version

FRESHET_LOG=error|warn|info|debug|trace logs to standard error. NO_COLOR is respected.

Exit codes: 0 done, 2 wrong call, 3 database out of reach or refusing, 4 impossible answer,
5 someone else wrote first, 6 cache or disk, 70 a fault of freshet.`
