// SPDX-License-Identifier: Apache-2.0
// What is told beside the graph: of one node, of Raft, of traffic, and what happened; and the table.
import { bytes, clock, count, duration, element, rate, shape } from './text.js'

const EVENTS_KEPT = 200
const SAMPLES_KEPT = 60

const $ = (id) => document.getElementById(id)

const terms = (list, entries) => list.replaceChildren(...entries.filter(([, value]) => value !== undefined && value !== '')
  .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]))

const chip = (node, good, text) => {
  node.className = `chip ${good ? 'good' : 'bad'}`
  node.textContent = text
}

const PATHS = { self: 'this node', direct: 'direct', relayed: 'relayed', dormant: 'dormant', unknown: 'not known' }

export const pathText = (node) => node.silent ? 'not heard' : node.path === 'relayed' ? `relayed by ${node.via}` : PATHS[node.path]

// ---- head ----

export function showHead({ self, raft, counts, nodes }) {
  const dormant = counts.nodes - counts.direct - counts.relayed - counts.unnamed - 1
  $('name').textContent = self.domain || 'wgmesh'
  $('about').textContent = `seen by ${self.id}, ${self.role} · ${raft.leader ? `${raft.leader} leads` : 'nobody leads'} · ${self.backend} · ${self.version}`
  document.title = `${self.id} · wgmesh`
  const known = nodes[0]?.path !== 'unknown' && nodes.some((node) => node.path !== 'unknown' && node.path !== 'self')
  const parts = [['all', counts.nodes, counts.nodes === 1 ? 'node' : 'nodes']]
  if (known) parts.push(['direct', counts.direct + counts.unnamed, 'direct'], ['relayed', counts.relayed, 'relayed'], ['dormant', Math.max(dormant, 0), 'dormant'])
  if (counts.shown < counts.nodes) parts.push(['shown', counts.shown, 'drawn'])
  $('counts').replaceChildren(...parts.map(([name, value, text]) => element('li', { class: name }, element('b', {}, count(value)), ` ${text}`)))
}

// ---- Raft ----

function serverItem(server, raft, select) {
  const lag = server.match === undefined ? 0 : Math.max(raft.commit - server.match, 0)
  const state = server.silent ? `not heard for ${duration(server.silent_ms)}`
    : server.match === undefined ? '' : lag ? `${count(lag)} behind` : 'level'
  const name = element('button', { class: 'link-button' }, server.id)
  name.onclick = () => select(server.id)
  return element('li', { class: server.silent ? 'gone' : server.role }, name, element('span', { class: 'muted' }, server.role),
    element('span', { class: 'state' }, state))
}

export function showRaft({ raft, self }, select) {
  const voters = raft.servers.filter((server) => server.role !== 'learner')
  const heard = voters.filter((server) => !server.silent)
  const leads = raft.leader === self.id
  const good = raft.leader && !raft.trouble && heard.length === voters.length
  chip($('raft-health'), good, good ? 'well' : raft.leader && !raft.trouble ? `${voters.length - heard.length} not heard` : 'no leader')
  if (raft.leader && raft.trouble) chip($('raft-health'), false, 'trouble')
  terms($('raft'), [
    ['Leader', raft.leader || 'none is known'], ['Term', count(raft.term)],
    ['Voters', leads ? `${heard.length} of ${voters.length} heard` : `${voters.length}`],
    ['Committed', count(raft.commit)], ['Applied here', count(raft.applied)],
    ['State', raft.state_age_ms === undefined ? 'was never current' : raft.state_age_ms < 2000 ? 'current' : `${duration(raft.state_age_ms)} old`],
  ])
  $('servers').replaceChildren(...raft.servers.map((server) => serverItem(server, raft, select)))
}

// ---- traffic ----

const samples = []

function curve(name, most) {
  const points = samples.map((sample, i) => `${(240 - (samples.length - 1 - i) * 240 / (SAMPLES_KEPT - 1)).toFixed(1)} ${(54 - 50 * sample[name] / most).toFixed(1)}`)
  return shape('path', { class: name, d: `M${points.join('L')}`, 'vector-effect': 'non-scaling-stroke' })
}

export function showTraffic({ traffic }, rates) {
  if (rates) {
    samples.push(rates)
    if (samples.length > SAMPLES_KEPT) samples.shift()
    const most = Math.max(125, ...samples.flatMap(({ rx, tx }) => [rx, tx]))
    $('rates').replaceChildren(curve('rx', most), curve('tx', most))
  }
  terms($('traffic'), traffic.known ? [
    ['Received', rates ? `${rate(rates.rx)} · ${bytes(traffic.rx)}` : bytes(traffic.rx)],
    ['Sent', rates ? `${rate(rates.tx)} · ${bytes(traffic.tx)}` : bytes(traffic.tx)],
  ] : [['Data plane', traffic.trouble || 'none: this node carries no traffic']])
}

// ---- one node ----

export function showDetails(node, close) {
  const details = $('details')
  details.hidden = !node
  if (!node) return
  const list = element('dl')
  terms(list, [
    ['Role', node.role], ['Path', pathText(node)], ['IPv4', node.ipv4], ['IPv6', node.ipv6],
    ['Where', node.endpoint ?? (node.public ? 'public' : 'behind a NAT')],
    ['Handshake', node.handshake_ms === undefined ? undefined : `${duration(node.handshake_ms)} ago`],
    ['Received', node.rx === undefined ? undefined : `${rate(node.rxRate)} · ${bytes(node.rx)}`],
    ['Sent', node.tx === undefined ? undefined : `${rate(node.txRate)} · ${bytes(node.tx)}`],
    ['Log', node.match === undefined ? undefined : `${node.progress}, to ${count(node.match)}`],
    ['Heard', node.silent_ms === undefined ? undefined : `${duration(node.silent_ms)} ago`],
  ])
  const button = element('button', { class: 'close', 'aria-label': 'Close' }, '×')
  button.onclick = close
  details.replaceChildren(element('h2', {}, node.id), button, list)
}

// ---- events ----

export function showEvent({ at, kind, node, text }, select) {
  const name = node && element('button', { class: 'link-button' }, node)
  if (name) name.onclick = () => select(node)
  const item = element('li', { 'data-kind': kind }, element('time', {}, clock(at)), element('span', {}, ...(name ? [name, ' '] : []), text))
  $('events').prepend(item)
  while ($('events').childElementCount > EVENTS_KEPT) $('events').lastChild.remove()
}

// ---- table ----

const COLUMNS = [
  ['Node', (node) => node.id],
  ['Role', (node) => node.role],
  ['Path', pathText],
  ['Handshake', (node) => node.handshake_ms ?? '', (value) => `${duration(value)} ago`],
  ['Received', (node) => node.rxRate || '', rate],
  ['Sent', (node) => node.txRate || '', rate],
  ['Endpoint', (node) => node.endpoint ?? ''],
  ['IPv4', (node) => node.ipv4 ?? ''],
  ['IPv6', (node) => node.ipv6 ?? ''],
]

const sorting = { column: 0, down: false }

/** What is not there is last, either way. */
const compare = (a, b, down) => a === b ? 0 : a === '' ? 1 : b === '' ? -1 : (a < b) !== down ? -1 : 1

function row(node, selected, select) {
  const cells = COLUMNS.map(([, read, tell], i) => {
    const value = read(node)
    const text = tell && value !== '' ? tell(value) : String(value)
    if (i) return element('td', i === 2 ? { class: node.silent ? 'gone' : node.path } : {}, text)
    const name = element('button', { class: 'link-button' }, text)
    name.onclick = () => select(node.id)
    return element('th', { scope: 'row' }, name)
  })
  return element('tr', node.id === selected ? { 'aria-selected': 'true' } : {}, ...cells)
}

function heads(redraw) {
  return COLUMNS.map(([name], column) => {
    const mine = sorting.column === column
    const button = element('button', {}, name, mine ? (sorting.down ? ' ↓' : ' ↑') : '')
    button.onclick = () => {
      sorting.down = mine && !sorting.down
      sorting.column = column
      redraw()
      $('columns').children[column].firstChild.focus()
    }
    return element('th', { scope: 'col', 'aria-sort': mine ? (sorting.down ? 'descending' : 'ascending') : 'none' }, button)
  })
}

export function showTable(nodes, selected, select) {
  const [, read] = COLUMNS[sorting.column]
  const sorted = nodes.toSorted((a, b) => compare(read(a), read(b), sorting.down))
  if (!$('columns').childElementCount || !$('table-view').contains(document.activeElement))
    $('columns').replaceChildren(...heads(() => {
      $('columns').replaceChildren()
      showTable(nodes, selected, select)
    }))
  const focused = document.activeElement?.closest('#rows tr')?.firstChild.textContent
  $('rows').replaceChildren(...sorted.map((node) => row(node, selected, select)))
  if (focused) [...$('rows').children].find((item) => item.firstChild.textContent === focused)?.querySelector('button').focus()
}
