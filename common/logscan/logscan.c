#include "common/logscan/logscan.h"
