// The messages between coordinator and worker as plain values. proto/wire.proto says what each
// field means on the wire; common/wire.h turns one into the other.
#pragma once

#include "common/coordinator_message.h"
#include "common/worker_message.h"
