#include "client/delivery.h"
