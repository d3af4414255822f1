// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"
)

const piece = 16 * 1024 // bytes of a message

var errEnough = errors.New("there is more than was sent")

// transfer is what a command asks of a connection.
type transfer struct {
	Connection, Bytes int
}

// reach tells when channel 0 opens and when it closes.
func (p *peer) reach() error {
	raw := <-p.opened
	say(map[string]any{"open": true, "path": p.path()})
	err := readAll(raw, func([]byte) error { return fmt.Errorf("the node speaks on channel 0") })
	say(map[string]any{"closed": true})
	return err
}

// dial opens the connection of that number.
func (p *peer) dial(number int) (*webrtc.DataChannel, datachannel.ReadWriteCloser, error) {
	if p.channels == nil {
		return nil, nil, fmt.Errorf("there is no offer")
	}
	if err := p.channels.Send(binary.BigEndian.AppendUint32(nil, uint32(number))); err != nil {
		return nil, nil, err
	}
	opened := make(chan datachannel.ReadWriteCloser, 1)
	dc, err := p.channel("CONNECTIONS", uint16(number), opened)
	if err != nil {
		return nil, nil, err
	}
	return dc, <-opened, nil
}

// random is an endless stream that nobody foresees and that costs next to nothing.
func random() (cipher.Stream, error) {
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewCTR(block, make([]byte, 16)), nil
}

// send writes t.Bytes random bytes and gives their hash.
func send(to io.Writer, t *transfer) ([]byte, error) {
	stream, err := random()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	buffer := make([]byte, piece)
	for left := t.Bytes; left > 0; left -= len(buffer) {
		buffer = buffer[:min(left, len(buffer))]
		stream.XORKeyStream(buffer, buffer)
		sum.Write(buffer)
		if _, err := to.Write(buffer); err != nil {
			return nil, err
		}
	}
	return sum.Sum(nil), nil
}

// receive gives the hash of the next `size` bytes.
func receive(from io.Reader, size int) ([]byte, error) {
	sum := sha256.New()
	count := 0
	err := readAll(from, func(data []byte) error {
		sum.Write(data)
		if count += len(data); count >= size {
			return errEnough
		}
		return nil
	})
	if count != size {
		return nil, fmt.Errorf("%d bytes came back, not %d: %v", count, size, err)
	}
	return sum.Sum(nil), nil
}

func (p *peer) echo(t *transfer) error {
	var sent []byte
	var failed error

	dc, raw, err := p.dial(t.Connection)
	if err != nil {
		return err
	}
	start := time.Now()
	done := make(chan struct{})
	go func() {
		sent, failed = send(newFlow(dc, raw), t)
		close(done)
	}()
	received, err := receive(raw, t.Bytes)
	if err != nil {
		return fmt.Errorf("connection %d: %w", t.Connection, err)
	}
	<-done
	if failed != nil {
		return failed
	}
	if string(sent) != string(received) {
		return fmt.Errorf("connection %d: sha256 %x went, %x came back", t.Connection, sent, received)
	}
	say(map[string]any{"echoed": t.Connection, "seconds": time.Since(start).Seconds()})
	return nil
}

func (p *peer) drain(t *transfer) error {
	_, raw, err := p.dial(t.Connection)
	if err != nil {
		return err
	}
	sum := sha256.New()
	count := 0
	err = readAll(raw, func(data []byte) error {
		sum.Write(data)
		count += len(data)
		return nil
	})
	if err != nil {
		return err
	}
	say(map[string]any{"drained": t.Connection, "bytes": count, "sha256": fmt.Sprintf("%x", sum.Sum(nil))})
	return nil
}
