#include "client/context.h"
