package progress

import (
	"testing"
	"time"
)

func TestForecast(t *testing.T) {
	now := time.Now()
	f := newForecast(func() time.Time { return now })
	cli, provider := f.Add(4*time.Minute), f.Add(6*time.Minute)
	step := func(name string, elapsed time.Duration, change func(), want string) {
		t.Run(name, func(t *testing.T) {
			now = now.Add(elapsed)
			if change != nil {
				change()
			}
			got := "not known"
			if left, known := f.Left(); known {
				got = about(left)
			}
			if got != want {
				t.Errorf("left: %s, want %s", got, want)
			}
		})
	}
	step("nothing is done", time.Minute, nil, "not known")
	step("a quarter of the CLI on a machine as slow as two", time.Minute, func() { cli.SetDone(0.25) }, "18m00s")
	step("half of the CLI", time.Minute, func() { cli.SetDone(0.5) }, "12m00s")
	step("half of the provider turns out to be compiled", 0, func() { provider.Resize(3 * time.Minute) }, "7m30s")
	step("the CLI is done", time.Minute, func() { cli.SetDone(1) }, "3m00s")
	step("most of the provider", 2*time.Minute, func() { provider.SetDone(0.9) }, "20s")
	step("everything", 10*time.Second, func() { provider.SetDone(2) }, "0s")
}

func TestForecastOfTheFirstSeconds(t *testing.T) {
	now := time.Now()
	f := newForecast(func() time.Time { return now })
	f.Add(time.Minute).SetDone(0.5)
	now = now.Add(leastElapsed - time.Second)
	if left, known := f.Left(); known {
		t.Errorf("left: %s after %s, want it not known", left, leastElapsed-time.Second)
	}
}
