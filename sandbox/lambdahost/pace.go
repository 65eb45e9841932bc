package lambdahost

import (
	"io"
	"time"
)

// paced is a stream that is read no faster than Lambda streams: the first StreamBurst bytes as they come,
// what follows at rate bytes a second. The function waits meanwhile, and holds its environment.
type paced struct {
	from  io.Reader
	rate  int64 // 0: without a limit
	read  int64
	since time.Time // when what is not throttled had been read
}

func (p *paced) Read(b []byte) (int, error) {
	if over := p.read - StreamBurst; p.rate > 0 && over >= 0 {
		if p.since.IsZero() {
			p.since = time.Now()
		}
		time.Sleep(time.Until(p.since.Add(time.Duration(over) * time.Second / time.Duration(p.rate))))
	}
	n, err := p.from.Read(b)
	p.read += int64(n)
	return n, err
}
