// SPDX-License-Identifier: Apache-2.0
// The page: one request of HTTP to a service in the mesh, and what it answers.
import { Service } from './client.js'

const form = document.querySelector('form')
const output = document.querySelector('output')
// The address of the gateway, with what is to be fetched if it is to be at once: #TOKEN&node=n2&port=80&path=/
const [token, ...wanted] = location.hash.slice(1).split('&')

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
    const service = await Service.connect(`ws://${location.host}/signal?${token}`, { node, port: Number(port) })
    show('connected')
    show(await fetchOver(service.open(), `GET ${path} HTTP/1.0\r\nHost: ${node}\r\n\r\n`))
    service.close()
  } catch (error) {
    show(error.message)
  }
}

for (const [name, value] of new URLSearchParams(wanted.join('&'))) form.elements[name].value = value
if (wanted.length) form.requestSubmit()
