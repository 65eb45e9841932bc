package lambdahost

import (
	"io"
	"time"
)

// paced limits a stream to Lambda's rate: the first StreamBurst bytes are unlimited, the rest has rate bytes per
// second. Meanwhile the function waits and occupies its environment.
type paced struct {
	from  io.Reader
	rate  int64 // 0: no limit
	read  int64
	since time.Time // when the unthrottled part had been read
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
