package multigrid

import (
	"os"
	"strconv"
)

func init() { startGear, _ = strconv.Atoi(os.Getenv("GEAR")) }
