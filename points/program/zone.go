package program

import (
	"fmt"
	"time"
	_ "time/tzdata" // so that a program's days do not depend on which zone files a machine has
)

// loadZone is the zone of that name. The names that mean whatever the machine is set to are refused.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not the name of a zone", name)
	}
	return time.LoadLocation(name)
}

func mustZone(name string) *time.Location {
	zone, err := loadZone(name)
	if err != nil {
		panic(err)
	}
	return zone
}
