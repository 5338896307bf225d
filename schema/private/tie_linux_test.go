package private

import "syscall"

const zombies = true // can be told

func untie(attr *syscall.SysProcAttr) { attr.Pdeathsig = 0 }
