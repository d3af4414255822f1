// SPDX-License-Identifier: Apache-2.0
// The page: one request of HTTP to a service in the mesh, and what it answers.
import { Service } from './client.js'

const form = document.querySelector('form')
const output = document.querySelector('output')
// The address has the gateway's token, if there is one, and what is to be fetched, if at once: #TOKEN&node=n2&port=80&path=/
const [token, ...wanted] = location.hash.slice(1).split('&')

// Served by a node, who asks is known by his certificate; by wmctl gateway, by its token.
const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
const gateway = `${scheme}://${location.host}/signal${token && `?${token}`}`

const show = (text) => { output.textContent = text }

/** All that comes until the service closes. */
function fetchOver(connection, request) {
  return new Promise((resolve) => {
    const decoder = new TextDecoder()
    let text = ''
    connection.onmessage = ({ data }) => { text += decoder.decode(data, { stream: true }) }
    connection.onclose = () => resolve(text)
    connection.onopen = () => connection.send(new TextEncoder().encode(request))
  })
}

form.onsubmit = async (event) => {
  event.preventDefault()
  const { node, port, path } = Object.fromEntries(new FormData(form))
  show('connecting …')
  try {
    const service = await Service.connect(gateway, { node, port: Number(port) })
    show('connected')
    show(await fetchOver(service.open(), `GET ${path} HTTP/1.0\r\nHost: ${node}\r\n\r\n`))
    service.close()
  } catch (error) {
    show(error.message)
  }
}

for (const [name, value] of new URLSearchParams(wanted.join('&'))) form.elements[name].value = value
if (wanted.length) form.requestSubmit()
